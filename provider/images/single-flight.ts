// Lets those who ask the same at the same time share one answer.

export type SingleFlight<Value> = (key: string, start: () => Promise<Value>) => Promise<Value>;

export function createSingleFlight<Value>(): SingleFlight<Value> {
  const flights = new Map<string, Promise<Value>>();
  return (key, start) => {
    const running = flights.get(key);
    if (running) return running;
    const flight = start().finally(() => flights.delete(key));
    flights.set(key, flight);
    return flight;
  };
}

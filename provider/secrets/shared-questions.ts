// Lets those who ask the same at the same time wait for one answer. A question lives as long as somebody waits for it: who
// leaves does so alone, and the last one takes it along.

import { untilAborted } from '../concurrency/until-aborted.ts';

export type SharedQuestions<Answer> = (
  question: {
    readonly key: string;
    /** Called where nobody is asking yet; its signal is aborted when nobody waits any more. */
    readonly start: (signal: AbortSignal) => Promise<Answer>;
  },
  signal: AbortSignal,
) => { readonly joined: boolean; readonly answer: Promise<Answer> };

export type SharedQuestionsOptions = {
  /** A question that was asked longer ago is not joined: its answer may be older than the asker may be given. */
  readonly maxAgeMs: number;
  readonly now: () => number;
};

type Flight<Answer> = {
  readonly answer: Promise<Answer>;
  readonly startedMs: number;
  readonly end: AbortController;
  waiting: number;
};

export function createSharedQuestions<Answer>({
  maxAgeMs,
  now,
}: SharedQuestionsOptions): SharedQuestions<Answer> {
  const flights = new Map<string, Flight<Answer>>();

  function leave(key: string, flight: Flight<Answer>, reason: unknown): void {
    flight.waiting -= 1;
    if (flight.waiting > 0) return;
    if (flights.get(key) === flight) flights.delete(key);
    flight.end.abort(reason);
  }

  return ({ key, start }, signal) => {
    const running = flights.get(key);
    const joined = running !== undefined && now() - running.startedMs < maxAgeMs;
    const flight = joined ? running : takeOff(start, now());
    flights.set(key, flight);
    flight.waiting += 1;
    const answer = untilAborted(flight.answer, signal).finally(() => {
      leave(key, flight, signal.reason);
    });
    return { joined, answer };
  };
}

function takeOff<Answer>(
  start: (signal: AbortSignal) => Promise<Answer>,
  startedMs: number,
): Flight<Answer> {
  const end = new AbortController();
  return { answer: start(end.signal), startedMs, end, waiting: 0 };
}

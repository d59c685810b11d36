// Tells what a cluster test is doing, and how long each step took.

export function say(line: string): void {
  console.log(`    ${line}`);
}

/** Steps may overlap, so the line with the time names the step again. */
export async function step<T>(title: string, work: () => Promise<T>): Promise<T> {
  console.log(`▸ ${title}`);
  const startedAt = performance.now();
  try {
    return await work();
  } finally {
    say(`${title}: ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
  }
}

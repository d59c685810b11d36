// Sums measurements up: what is typical, and what the slowest see.

export type Summary = {
  readonly count: number;
  readonly median: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
};

export function summarize(values: readonly number[]): Summary {
  const sorted = values.toSorted((a, b) => a - b);
  return {
    count: sorted.length,
    median: percentile(sorted, 50),
    p95: percentile(sorted, 95),
    p99: percentile(sorted, 99),
    max: percentile(sorted, 100),
  };
}

export function median(values: readonly number[]): number {
  return summarize(values).median;
}

/** Nearest rank, so that it is a value that was measured; NaN of nothing. */
function percentile(sorted: readonly number[], percent: number): number {
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)] ?? NaN;
}

/** Each variant once a round, every other round in reverse: what slows the machine down meets all of them alike. */
export async function interleave<Variant, Result>(
  variants: readonly Variant[],
  rounds: number,
  run: (variant: Variant) => Promise<Result>,
): Promise<Map<Variant, Result[]>> {
  const results = new Map<Variant, Result[]>(variants.map((variant) => [variant, []]));
  for (let round = 0; round < rounds; round += 1) {
    const order = round % 2 === 0 ? variants : variants.toReversed();
    for (const variant of order) results.get(variant)?.push(await run(variant));
  }
  return results;
}

// Matches names that are paths, such as "shop/api", against globs, segment by segment: "*" stands for anything within a
// segment, "**" as a whole segment for any number of segments. Nothing else is special.

/**
 * Takes the leftmost fit of each part and never goes back, so nobody can write a glob that takes long. A path with `.` or `..` as
 * a segment is matched by itself alone.
 */
export function matchesPathGlob(glob: string, path: string): boolean {
  if (hasDotSegment(path)) return glob === path;
  return fitsInOrder(splitGlob(glob.split('/')), path.split('/'));
}

/**
 * Whether a segment is `.` or `..`. AWS takes them for names like any other: `/shop/../bank` is under `/shop`, and is not `/bank`.
 * But nobody writes a rule for such names, so none covers them unless it says so, whatever stands between here and AWS.
 */
export function hasDotSegment(path: string): boolean {
  return /(?:^|[/:])\.{1,2}(?:\/|$)/.test(path);
}

/** Runs of segments between "**". */
function splitGlob(segments: readonly string[]): string[][] {
  const runs: string[][] = [[]];
  for (const segment of segments) {
    if (segment === '**') runs.push([]);
    else runs.at(-1)?.push(segment);
  }
  return runs;
}

/** The first run stands at the beginning, the last one at the end, the others in this order between them. */
function fitsInOrder(runs: readonly string[][], segments: readonly string[]): boolean {
  const first = runs[0] ?? [];
  if (runs.length === 1) return first.length === segments.length && fitsAt(first, segments, 0);
  const last = runs.at(-1) ?? [];
  const end = segments.length - last.length;
  if (end < first.length || !fitsAt(first, segments, 0) || !fitsAt(last, segments, end)) {
    return false;
  }
  const between = segments.slice(0, end);
  let at: number | undefined = first.length;
  for (const run of runs.slice(1, -1)) {
    at = findEnd(run, between, at);
    if (at === undefined) return false;
  }
  return true;
}

/** Where the leftmost fit ends that begins at `from` or later. */
function findEnd(run: readonly string[], segments: readonly string[], from: number) {
  for (let at = from; at + run.length <= segments.length; at += 1) {
    if (fitsAt(run, segments, at)) return at + run.length;
  }
  return undefined;
}

function fitsAt(run: readonly string[], segments: readonly string[], at: number): boolean {
  return run.every((glob, index) => matchesSegment(glob, segments[at + index] ?? ''));
}

/** `*` only; also for names that have no segments, such as that of a namespace. */
export function matchesSegment(glob: string, text: string): boolean {
  const [first = '', ...others] = glob.split('*');
  const last = others.pop();
  if (last === undefined) return glob === text;
  const end = text.length - last.length;
  if (end < first.length || !text.startsWith(first) || !text.endsWith(last)) return false;
  let at = first.length;
  for (const part of others) {
    const found = text.indexOf(part, at);
    if (found === -1 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}

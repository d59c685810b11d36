// Matches registry hosts against globs, label by label, as the kubelet does
// (kubernetes/pkg/credentialprovider/keyring.go, URLsMatch).

const MAX_HOST = 300;

/** `*`, `?` and `[a-z]` match within one dot-separated label; ports are compared as they stand. */
export function matchesHostGlob(glob: string, host: string): boolean {
  if (glob.length > MAX_HOST || host.length > MAX_HOST) return false;
  const [globName, globPort] = splitPort(glob);
  const [name, port] = splitPort(host);
  const globLabels = globName.split('.');
  const labels = name.split('.');
  if (globPort !== port || globLabels.length !== labels.length) return false;
  return globLabels.every((globLabel, index) => matchesLabel(globLabel, labels[index] ?? ''));
}

function splitPort(host: string): [name: string, port: string] {
  const [, name = '', port = ''] = /^(.*?)(?::(\d+))?$/s.exec(host) ?? [];
  return [name, port];
}

/**
 * Goes back to the last `*` only: globs come from whoever writes a pull secret, and a backtracking pattern
 * could be made to run for hours.
 */
function matchesLabel(glob: string, label: string): boolean {
  const parts = splitGlob(glob);
  if (!parts) return false;
  let [part, position, starPart, starPosition] = [0, 0, -1, 0];
  while (position < label.length) {
    const expected = parts[part];
    if (expected === '*') {
      [starPart, starPosition] = [part, position];
      part += 1;
    } else if (expected !== undefined && matchesCharacter(expected, label.charAt(position))) {
      part += 1;
      position += 1;
    } else if (starPart >= 0) {
      starPosition += 1;
      [part, position] = [starPart + 1, starPosition];
    } else {
      return false;
    }
  }
  return parts.slice(part).every((rest) => rest === '*');
}

/** Into `*`, `?`, classes such as `[a-z]`, and characters; undefined where a class is not closed. */
function splitGlob(glob: string): readonly string[] | undefined {
  const parts = glob.match(/\[\^?[^\]]+\]|[^[\]]/g) ?? [];
  return parts.join('') === glob ? parts : undefined;
}

function matchesCharacter(expected: string, character: string): boolean {
  if (expected === '?') return true;
  if (!expected.startsWith('[')) return expected === character;
  const isNegated = expected.startsWith('[^');
  const ranges = expected.slice(isNegated ? 2 : 1, -1).match(/.-.|./gs) ?? [];
  const isListed = ranges.some(
    (range) => range.charAt(0) <= character && character <= (range.at(-1) ?? ''),
  );
  return isListed !== isNegated;
}

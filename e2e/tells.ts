// What the applications of scenarios run: they tell what they were given without showing it.

const tell = `for name; do printf '%s ' "$name"; env | sed -n "s/^$name=//p" | tr -d '\\n' | sha256sum; done`;

/** The command of a container that logs the hash of each of these variables, and then goes on or ends with a code. */
export function tells(names: readonly string[], end: 'goes on' | number = 'goes on'): string[] {
  const last = end === 'goes on' ? 'exec sleep infinity' : `exit ${end}`;
  return ['sh', '-c', `${tell}; echo told; ${last}`, 'sh', ...names];
}

// What the applications of scenarios run: they tell what they were given without showing it.

const tell = `for name; do printf '%s ' "$name"; env | sed -n "s/^$name=//p" | tr -d '\\n' | sha256sum; done`;

/** The command of a container that logs the hash of each of these variables, and then goes on or ends with a code. */
export function tells(names: readonly string[], end: 'goes on' | number = 'goes on'): string[] {
  const last = end === 'goes on' ? 'exec sleep infinity' : `exit ${end}`;
  return ['sh', '-c', `${tell}; echo told; ${last}`, 'sh', ...names];
}

const tellAll = `
  env | while IFS= read -r line; do
    printf '%s ' "\${line%%=*}"; printf %s "\${line#*=}" | sha256sum
  done
  printf 'ARGS '; printf %s "$*" | sha256sum
  echo told
  [ "$1" = migrate ] && exit
  trap exit TERM; sleep infinity & wait
`;

/** An entrypoint that logs the hash of every variable, and of its arguments as ARGS. */
export const tellsAll: readonly string[] = ['sh', '-c', tellAll, 'sh'];

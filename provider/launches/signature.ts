// Computes from a container's spec the signature of the argv that its launcher receives.

import { hash } from 'node:crypto';

/** `args` as they stand in the spec, after the "--" of the launcher. */
export function signSpecArgs(args: readonly string[]): string {
  // Admission doubled what the kubelet would expand; what is left undoubled names a variable that we do not know, and
  // stays as written. Where the kubelet did know it, the signatures differ and the launch is refused.
  return signArgv(args.map((arg) => expandVariables(arg, new Map())));
}

/** SHA-256, in hex, over each element followed by a NUL byte: the bytes of /proc/self/cmdline. */
export function signArgv(argv: readonly string[]): string {
  return hash('sha256', argv.map((element) => `${element}\0`).join(''), 'hex');
}

/**
 * The kubelet's expansion of command, args and env: `$(NAME)` becomes the value, `$$` becomes `$`; an unknown name and
 * all else stay as written, and what was put in is not expanded again.
 * https://github.com/kubernetes/kubernetes/blob/master/third_party/forked/golang/expansion/expand.go
 */
export function expandVariables(
  text: string,
  variables: Pick<ReadonlyMap<string, string>, 'get'>,
): string {
  const lastCloser = text.lastIndexOf(')');
  let expanded = '';
  let cursor = 0;
  for (let at = text.indexOf('$'); at !== -1; at = text.indexOf('$', cursor)) {
    expanded += text.slice(cursor, at);
    const next = text[at + 1];
    if (next === '(' && at < lastCloser) {
      const closer = text.indexOf(')', at);
      const name = text.slice(at + 2, closer);
      expanded += variables.get(name) ?? `$(${name})`;
      cursor = closer + 1;
    } else {
      expanded += '$';
      cursor = at + (next === '$' ? 2 : 1);
    }
  }
  return expanded + text.slice(cursor);
}

// The sizes of Pods that docs/troubleshooting.md names: CEL has a budget, and the variables that policies look at use it up.

import type { Pod } from '../../tools/kyverno-cli.ts';

/** Each container has as many plain variables as texts with `$(NAME)`, which cost more. */
export const largestPods: Record<string, Pod> = {
  'one container of 600 variables with $(NAME) and 600 without': largePod(1, 600, 600),
  'ten containers of 200 variables with $(NAME) and 200 without': largePod(10, 200, 200),
  'ten containers of 1,000 variables without $(NAME)': largePod(10, 0, 1_000),
};

export const tooLargePod = largePod(1, 1_000, 1_000);

function largePod(containers: number, texts: number, plain: number): Pod {
  const env = [
    { name: 'A', value: 'piggy:A' },
    ...Array.from({ length: texts }, (_, i) => ({ name: `T${i}`, value: `a $(A) b ${i}` })),
    ...Array.from({ length: plain }, (_, i) => ({ name: `V${i}`, value: `value ${i}` })),
  ];
  const containerOf = (_: unknown, i: number) => {
    return { name: `app-${i}`, image: 'app:v1', command: ['app'], env };
  };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'large', namespace: 'shop', annotations: { 'piggysec.com/inject': 'true' } },
    spec: { containers: Array.from({ length: containers }, containerOf) },
  };
}

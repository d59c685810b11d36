// How the demo speaks: headings, a coloured diff, and claims that are checked where they are made.

import { styleText } from 'node:util';
import { diffLines } from 'diff';

export type Show = {
  readonly heading: (text: string) => void;
  readonly note: (text: string) => void;
  readonly text: (text: string) => void;
  readonly diff: (before: string, after: string) => void;
  /** Shows the claim with whether it holds; what was seen is shown where it does not. */
  readonly claim: (text: string, holds: boolean, seen: unknown) => void;
  readonly countClaims: () => { readonly made: number; readonly broken: number };
};

export function createShow(print: (line: string) => void): Show {
  let made = 0;
  let broken = 0;
  const indent = (text: string) => text.replaceAll(/^/gm, '    ');
  return {
    heading: (text) => {
      print(`\n${styleText('bold', text)}`);
    },
    note: (text) => {
      print(styleText('dim', indent(text)));
    },
    text: (text) => {
      print(indent(text));
    },
    diff: (before, after) => {
      for (const { added, removed, value } of diffLines(before, after)) {
        const [mark, colour] = added ? (['+', 'green'] as const) : (['-', 'red'] as const);
        for (const line of value.trimEnd().split('\n')) {
          print(added || removed ? styleText(colour, `  ${mark} ${line}`) : `    ${line}`);
        }
      }
    },
    claim: (text, holds, seen) => {
      made += 1;
      broken += holds ? 0 : 1;
      print(holds ? `  ${styleText('green', '✓')} ${text}` : `  ${styleText('red', '✗')} ${text}`);
      if (!holds) print(indent(`seen: ${typeof seen === 'string' ? seen : JSON.stringify(seen)}`));
    },
    countClaims: () => ({ made, broken }),
  };
}

// Holds troubleshooting.md to the code: every error code stands there, with its HTTP status, and every message of a lookup;
// and no other.

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import ts from 'typescript';
import { statuses } from '../provider/http/error-response.ts';

const page = readFileSync(join(import.meta.dirname, 'troubleshooting.md'), 'utf8');
const rows = new Map(
  [...page.matchAll(/^\| `([a-z_]+)` +\| (?:(\d{3}) )?/gm)].map(([, code = '', status]) => [
    code,
    status,
  ]),
);

test('troubleshooting.md lists every error code and no other', () => {
  assert.deepEqual([...rows.keys()].sort(), Object.keys(statuses).sort());
});

test('the statuses in troubleshooting.md are those that are sent', () => {
  for (const [code, status] of rows) {
    if (status !== undefined)
      assert.equal(Number(status), statuses[code as keyof typeof statuses], code);
  }
});

/** The texts that lookups can fail with, out of their source: in each, what is filled in is an ellipsis. */
function readLookupMessages(): string[] {
  const folder = join(import.meta.dirname, '../provider/images');
  return globSync('*.ts', { cwd: folder })
    .filter((file) => !file.endsWith('.test.ts'))
    .flatMap((file) => {
      const path = join(folder, file);
      const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.ES2024);
      return findErrorTexts(source);
    });
}

/** Of `new ProviderError(code, text)` and of the functions that make one of a part of its text. */
function findErrorTexts(source: ts.SourceFile): string[] {
  const makers = new Set(
    source.statements
      .filter((node) => ts.isFunctionDeclaration(node))
      .filter((node) => node.type?.getText(source) === 'ProviderError')
      .map((node) => node.name?.text),
  );
  const texts: string[] = [];
  const visit = (node: ts.Node): void => {
    const isNew = ts.isNewExpression(node) && node.expression.getText(source) === 'ProviderError';
    const isMade = ts.isCallExpression(node) && makers.has(node.expression.getText(source));
    if (isNew && node.arguments?.[1]) texts.push(...textsOf(node.arguments[1]));
    if (isMade && node.arguments[0]) texts.push(...textsOf(node.arguments[0]));
    ts.forEachChild(node, visit);
  };
  visit(source);
  // A maker's own text begins with the part that it is given.
  return texts.filter((text) => !text.startsWith('…;') && text !== '…');
}

function textsOf(node: ts.Node): string[] {
  if (ts.isStringLiteralLike(node)) return [node.text];
  if (ts.isTemplateExpression(node)) {
    return [node.head.text + node.templateSpans.map(({ literal }) => `…${literal.text}`).join('')];
  }
  if (ts.isBinaryExpression(node)) {
    return [[node.left, node.right].map((side) => textsOf(side)[0] ?? '…').join('')];
  }
  if (ts.isConditionalExpression(node)) {
    return [...textsOf(node.whenTrue), ...textsOf(node.whenFalse)];
  }
  return [];
}

const fragments = [...page.matchAll(/`([^`]*…[^`]*)`/g)].map(([, fragment = '']) => fragment);

/** Whether the page's fragment is about the text of the code: its words in their order. */
function isAbout(fragment: string, text: string): boolean {
  const words = fragment.replaceAll(/^…|…$/g, '').split('…');
  return words
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .every((part) => text.includes(part));
}

const messages = readLookupMessages();

test('every message that a lookup can fail with stands in troubleshooting.md', () => {
  assert.ok(messages.length > 30, `found only ${messages.length}`);
  const missing = messages.filter((text) => !fragments.some((part) => isAbout(part, text)));
  assert.deepEqual(missing, []);
});

test('troubleshooting.md has no message of a lookup that the code does not have', () => {
  const [, table = ''] = page.split('message of a lookup');
  const [rows = ''] = table.split('\n\n');
  const told = [...rows.matchAll(/`([^`]*…[^`]*)`/g)].map(([, fragment = '']) => fragment);
  assert.ok(told.length > 20);
  assert.deepEqual(
    told.filter((part) => !messages.some((text) => isAbout(part, text))),
    [],
  );
});

/** Of each vector that lacks a key, the reasons that it is told. */
function readReasons(): string[] {
  const file = join(import.meta.dirname, '../testdata/secret-values.json');
  const hints = readFileSync(file, 'utf8').matchAll(/"hint": "([^"]+)"/g);
  return [...hints].flatMap(([, hint = '']) => hint.split('; '));
}

test('troubleshooting.md has every reason why a key is missing, and no other', () => {
  const [, table = ''] = page.split('| reason ');
  const [lines = ''] = table.split('\n\n');
  const told = [...lines.matchAll(/^\| `([^`]+)`(?!, and no reason)/gm)].map(
    ([, part = '']) => part,
  );
  // The only parameter, the only key and no key at all are told in other words of the same row.
  const reasons = readReasons().filter(
    (text) => !/the only parameter|1 other key|with no keys:/.test(text),
  );
  assert.ok(told.length > 8 && reasons.length > 40);
  assert.deepEqual(
    reasons.filter((text) => !told.some((part) => isAbout(part, text))),
    [],
  );
  assert.deepEqual(
    told.filter((part) => !reasons.some((text) => isAbout(part, text))),
    [],
  );
});

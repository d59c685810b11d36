import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fails, hasFailure, notChecked, ok, renderJson, renderText } from './finding.ts';

const findings = [
  { check: 'kyverno', ...ok('Kyverno 1.19') },
  { check: 'access', ...fails('may not\nread\u001b[31m', 'add a rule') },
  { check: 'secret', ...notChecked('none was named', 'add --secret') },
];

test('each check is one line: status, check, what was found and what to do next', () => {
  assert.equal(
    renderText(findings),
    'ok           kyverno  Kyverno 1.19\n' +
      'fails        access   may not read[31m → add a rule\n' +
      'not checked  secret   none was named → add --secret\n',
  );
});

test('as JSON they can be read by a program', () => {
  const { healthy, findings: read } = JSON.parse(renderJson(findings)) as Record<string, unknown>;
  assert.equal(healthy, false);
  assert.deepEqual(read, findings);
});

test('only what fails is a failure', () => {
  assert.equal(hasFailure(findings), true);
  assert.equal(hasFailure(findings.filter(({ status }) => status !== 'fails')), false);
});

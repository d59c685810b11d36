import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import { answerableSchema, questionSchema } from './admission/kyverno-question.ts';
import { compileSchema } from './json-schema.ts';
import { accessRuleSchema } from './secrets/access-rules.ts';

const schemas = { accessRuleSchema, answerableSchema, questionSchema };

for (const [name, schema] of Object.entries(schemas)) {
  test(`${name} is a JSON schema`, () => {
    const ajv = new Ajv();
    assert.ok(ajv.validateSchema(schema), ajv.errorsText());
  });
}

test('a keyword that does not exist is refused', () => {
  assert.throws(() => compileSchema({ type: 'object', requierd: ['a'] }), /requierd/);
});

test('a compiled schema tells what is wrong', () => {
  const isValid = compileSchema<{ readonly a: string }>({
    type: 'object',
    properties: { a: { type: 'string' } },
  });
  assert.equal(isValid({ a: 1 }), false);
  assert.equal(isValid.errors?.[0]?.instancePath, '/a');
});

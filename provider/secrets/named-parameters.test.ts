import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  parameterText,
  planParameterCalls,
  storedParameter,
  type ParameterQuestion,
} from './named-parameters.ts';

const REGION = 'eu-west-1';
const ARN = 'arn:aws:ssm:eu-west-1:123456789012:parameter';
const account = { namespace: 'shop', name: 'api' };
const role = {
  roleArn: 'arn:aws:iam::1:role/r',
  externalId: undefined,
  account,
  sessionTags: true,
};

function ask(id: string, more: Partial<ParameterQuestion> = {}): ParameterQuestion {
  return { kind: 'parameter', id, selector: '', region: REGION, ...more };
}

const plans: Record<string, [questions: ParameterQuestion[], calls: string[][]]> = {
  'nothing to ask': [[], []],
  'one, and the list beside it': [[ask('/shop/url')], [['/shop/url', '/shop/PIGGY_ALLOWED_SA']]],
  'one at the root': [[ask('url')], [['url', 'PIGGY_ALLOWED_SA']]],
  'an ARN': [[ask(`${ARN}/shop/url`)], [[`${ARN}/shop/url`, `${ARN}/shop/PIGGY_ALLOWED_SA`]]],
  'a version': [
    [ask('/shop/url', { selector: ':3' })],
    [['/shop/url:3', '/shop/PIGGY_ALLOWED_SA']],
  ],
  'two of one path, in an order of their own': [
    [ask('/shop/b'), ask('/shop/a')],
    [['/shop/a', '/shop/PIGGY_ALLOWED_SA', '/shop/b']],
  ],
  'two versions of one in two calls': [
    [ask('/shop/a', { selector: ':3' }), ask('/shop/a')],
    [
      ['/shop/a', '/shop/PIGGY_ALLOWED_SA'],
      ['/shop/a:3', '/shop/PIGGY_ALLOWED_SA'],
    ],
  ],
  'two regions in two calls': [
    [ask('/shop/a'), ask('/shop/b', { region: 'us-east-1' })],
    [
      ['/shop/a', '/shop/PIGGY_ALLOWED_SA'],
      ['/shop/b', '/shop/PIGGY_ALLOWED_SA'],
    ],
  ],
  'two roles in two calls': [
    [ask('/shop/a'), ask('/shop/b', { role })],
    [
      ['/shop/a', '/shop/PIGGY_ALLOWED_SA'],
      ['/shop/b', '/shop/PIGGY_ALLOWED_SA'],
    ],
  ],
};

for (const [name, [questions, calls]] of Object.entries(plans)) {
  test(`asks for ${name}`, () => {
    const planned = planParameterCalls(questions);
    assert.deepEqual(
      planned.map(({ parameters }) => parameters.map(parameterText)),
      calls,
    );
  });
}

test('nine of one path and their list are one call, and twenty are three', () => {
  const many = (count: number) => Array.from({ length: count }, (_, at) => ask(`/shop/p${at}`));
  assert.equal(planParameterCalls(many(9)).length, 1);
  assert.equal(planParameterCalls(many(10)).length, 2);
  assert.equal(planParameterCalls(many(20)).length, 3);
});

test('each is asked for together with its list, as its role and in its region, ten a call at most', () => {
  const question = fc.record({
    kind: fc.constant('parameter' as const),
    id: fc.constantFrom(
      'a',
      '/a',
      '/shop/a',
      '/shop/b',
      '/bank/a',
      `${ARN}/shop/a`,
      '/x/1',
      '/x/2',
    ),
    selector: fc.constantFrom('', ':1', ':blue'),
    region: fc.constantFrom('eu-west-1', 'us-east-1'),
    role: fc.constantFrom(undefined, role),
  });
  fc.assert(
    fc.property(fc.array(question, { maxLength: 20 }), (questions) => {
      const calls = planParameterCalls(questions);
      for (const { parameters } of calls) {
        assert.ok(parameters.length <= 10);
        assert.equal(new Set(parameters.map(({ id }) => id)).size, parameters.length);
      }
      for (const one of questions) {
        const list = `${one.id.slice(0, one.id.lastIndexOf('/') + 1)}PIGGY_ALLOWED_SA`;
        const isAsked = calls.some(({ parameters, region, role: as }) => {
          const texts = parameters.map(parameterText);
          return (
            texts.includes(parameterText(one)) &&
            texts.includes(list) &&
            region === one.region &&
            as === one.role
          );
        });
        assert.ok(isAsked);
      }
    }),
  );
});

test('the list beside a parameter and one in its own text both count', () => {
  const parameter = (name: string, value: string) =>
    [name, { name, value, arn: `${ARN}${name}` }] as const;
  const value = '{"A":"1","PIGGY_ALLOWED_SA":"shop:api"}';
  const found = new Map([
    parameter('/shop/config', value),
    parameter('/shop/PIGGY_ALLOWED_SA', 'shop:web'),
    parameter('/PIGGY_ALLOWED_SA', 'bank:api'),
  ]);
  const stored = storedParameter({ found, size: 1 }, ask('/shop/config'));
  assert.deepEqual(stored?.content.allowLists, ['shop:api', 'shop:web']);
  assert.deepEqual(stored.target, {
    kind: 'parameter',
    path: '/shop/config',
    arn: `${ARN}/shop/config`,
  });
  assert.equal(storedParameter({ found, size: 1 }, ask('/shop/other')), undefined);
});

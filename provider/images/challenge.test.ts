import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { selectChallenge, type Challenge } from './challenge.ts';

const bearer = (realm: string, service?: string, scope?: string): Challenge => ({
  kind: 'bearer',
  realm,
  service,
  scope,
});

const HUB =
  'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/nginx:pull"';

const cases: Record<string, [headers: string[], expected: Challenge | undefined]> = {
  'Docker Hub': [
    [HUB],
    bearer('https://auth.docker.io/token', 'registry.docker.io', 'repository:library/nginx:pull'),
  ],
  'ECR, whose Basic has a realm': [
    [
      'Basic realm="https://123456789012.dkr.ecr.eu-west-1.amazonaws.com/",service="ecr.amazonaws.com"',
    ],
    { kind: 'basic' },
  ],
  'Basic without anything': [['Basic'], { kind: 'basic' }],
  'a scheme in any case': [['bEARER Realm="https://r/t"'], bearer('https://r/t')],
  'a service that is missing': [
    ['Bearer realm="https://r/t",scope="s"'],
    bearer('https://r/t', undefined, 's'),
  ],
  'white space around equals signs and commas': [
    ['Bearer  realm = "https://r/t" ,  service = "x"'],
    bearer('https://r/t', 'x'),
  ],
  'values without quotes': [['Bearer realm=https://r/t,service=x'], bearer('https://r/t', 'x')],
  'escaped characters in a quoted value': [
    ['Bearer realm="https://r/t",service="a\\"b\\\\c"'],
    bearer('https://r/t', 'a"b\\c'),
  ],
  'a comma inside quotes': [
    ['Bearer realm="https://r/t",scope="repository:a:pull,push"'],
    bearer('https://r/t', undefined, 'repository:a:pull,push'),
  ],
  'a known challenge after unknown ones, in one header': [
    ['Negotiate, Digest realm="d", qop="auth", Basic realm="b"'],
    { kind: 'basic' },
  ],
  'a token68 that ends in equals signs': [
    ['Negotiate YW/Jj+c==, Basic realm="b"'],
    { kind: 'basic' },
  ],
  'several headers, of which the first known one counts': [
    ['Negotiate', 'Bearer realm="https://r/t"', 'Basic realm="b"'],
    bearer('https://r/t'),
  ],
  'parameters of one challenge, not given to the next': [
    ['Digest realm="d", service="other", Bearer realm="https://r/t"'],
    bearer('https://r/t'),
  ],
  'Bearer without a realm is passed over': [['Bearer service="x", Basic'], { kind: 'basic' }],
  'nothing known': [['Negotiate', 'Digest realm="d"'], undefined],
  'an empty header': [[''], undefined],
  'no header': [[], undefined],
  'an unclosed quote ends the header': [['Bearer realm="https://r/t'], undefined],
  'a parameter without a scheme': [['realm="https://r/t"'], undefined],
};

for (const [name, [headers, expected]] of Object.entries(cases)) {
  test(`reads ${name}`, () => {
    assert.deepEqual(selectChallenge(headers), expected);
  });
}

test('any header is read without failing', () => {
  const unit = fc.constantFrom(
    'Bearer ',
    'Basic ',
    'realm',
    '=',
    '"',
    '\\',
    ',',
    ' ',
    'a',
    '==',
    '\t',
    '\u00e9',
  );
  fc.assert(
    fc.property(fc.array(fc.string({ unit, maxLength: 60 })), (headers) => {
      selectChallenge(headers);
    }),
    { numRuns: 2_000 },
  );
});

test('what a registry writes into a quoted value comes out as it was', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[\x20-\x7e]{0,40}$/), (service) => {
      const quoted = service.replaceAll(/["\\]/g, '\\$&');
      const header = `Bearer realm="https://r/t",service="${quoted}"`;
      assert.deepEqual(selectChallenge([header]), bearer('https://r/t', service));
    }),
  );
});

for (const part of ['a', 'a ', 'a=', 'a="', '"', '\\', ',', ' ', 'a==', 'Basic a=b ']) {
  test(`reads 100 kB of ${JSON.stringify(part)} at once`, () => {
    const started = performance.now();
    selectChallenge([`Negotiate ${part.repeat(100_000 / part.length)}`]);
    assert.ok(performance.now() - started < 500);
  });
}

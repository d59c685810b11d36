import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { ProviderError } from '../errors.ts';
import type { LaunchQuestion, ReadLaunchValues } from '../launches/read-launch-values.ts';
import { parseLaunchToken } from '../launches/token.ts';
import { createMetrics } from '../observability/metrics.ts';
import { SecretValue } from '../secrets/secret-value.ts';
import type { SelectedValues } from '../secrets/values.ts';
import { bytes, canary, connection, createParts, json, limits } from '../testing/app-parts.ts';
import { unsignedToken } from '../testing/unsigned-token.ts';
import { createLaunchApp, createOperationsApp } from './app.ts';
import { createReadiness } from './readiness.ts';

const text = unsignedToken();
const token = parseLaunchToken(text, Date.now());

const answerAll = answerWith({
  values: new Map([['DB_PASSWORD', new SecretValue(canary)]]),
  missing: ['PORT'],
  hint: 'it is empty',
});

function answerWith(values: SelectedValues): ReadLaunchValues {
  return async (_, { answer }) => Promise.resolve(answer(values));
}

function createLaunches(
  readLaunchValues: ReadLaunchValues = answerAll,
  overrides?: Parameters<typeof createParts>[0],
) {
  const { dependencies, ...parts } = createParts(overrides);
  const parseToken = (written: string | undefined) => parseLaunchToken(written, Date.now());
  const app = createLaunchApp({ ...dependencies, readLaunchValues, parseToken });
  const post = async (body: string, headers: Record<string, string> = {}) =>
    app.request(
      '/v1/secret',
      { method: 'POST', headers: { ...json, authorization: `Bearer ${text}`, ...headers } },
      connection(bytes(body)),
    );
  return { app, post, ...parts };
}

test('a launcher gets its values and what is missing, for nobody to keep', async () => {
  const asked: LaunchQuestion[] = [];
  const { post } = createLaunches((question, context) => {
    asked.push(question);
    return answerAll(question, context);
  });
  const response = await post('{"uid":"1"}');
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('cache-control'), 'no-store');
  assert.equal(
    await response.text(),
    `{"values":{"DB_PASSWORD":"${canary}"},"missing":["PORT"],"hint":"it is empty"}`,
  );
  assert.deepEqual(asked, [{ token, body: { uid: '1' }, address: '10.1.2.3' }]);
});

test('a key called __proto__ is a key like others', async () => {
  const values = new Map([['__proto__', new SecretValue('x')]]);
  const { post } = createLaunches(answerWith({ values, missing: [] }));
  assert.equal(await (await post('{}')).text(), '{"values":{"__proto__":"x"},"missing":[]}');
});

for (const scheme of ['Bearer', 'bearer', 'Bearer  ']) {
  test(`reads a token behind "${scheme}"`, async () => {
    const { post } = createLaunches();
    assert.equal((await post('{}', { authorization: `${scheme} ${text}` })).status, 200);
  });
}

const noTokens: Record<string, string> = {
  'no header': '',
  'another scheme': 'Basic YTpi',
  'an empty token': 'Bearer ',
  'two tokens': `Bearer ${text} ${text}`,
  'a token that cannot be ours': 'Bearer a.b.c',
};

for (const [name, authorization] of Object.entries(noTokens)) {
  test(`${name} is refused from the head of the request: its body is not received`, async () => {
    const { app, logged } = createLaunches(() => assert.fail('must not be asked'));
    const body = new Readable({ read: () => assert.fail('must not be read') });
    const init = { method: 'POST', headers: { ...json, authorization } };
    const response = await app.request('/v1/secret', init, connection(body));
    assert.equal(response.status, 401);
    assert.deepEqual(await response.json(), {
      code: 'invalid_token',
      message:
        'the token is refused: it is no token for audience piggysec.com, or has expired; the launcher must send the token that the policy mounts',
    });
    assert.equal(logged()[0]?.['check'], 1);
  });
}

const big = `{"uid":"${'a'.repeat(64 * 1024)}"}`;
const references = (count: number) => JSON.stringify({ references: Array(count).fill('') });
const refusedBodies: Record<
  string,
  [body: string, headers: Record<string, string>, status: number, code: string]
> = {
  'a body that is not JSON': ['{', {}, 400, 'invalid_request'],
  'an empty body': ['', {}, 400, 'invalid_request'],
  'a body of another type': ['{}', { 'content-type': 'text/xml' }, 400, 'invalid_request'],
  'a body of one value too many': [references(1019), {}, 413, 'request_too_large'],
  'a body that is nested one level too deep': ['[[[[[]]]]]', {}, 413, 'request_too_large'],
  'what has too many values to be seen to be no JSON': [
    ',,,'.repeat(500),
    {},
    413,
    'request_too_large',
  ],
  'a body over 64 KiB': [big, { 'content-length': String(big.length) }, 413, 'request_too_large'],
  'a body over 64 KiB of unknown length': [
    big,
    { 'transfer-encoding': 'chunked' },
    413,
    'request_too_large',
  ],
};

for (const [name, [body, headers, status, code]] of Object.entries(refusedBodies)) {
  test(`refuses ${name} before any work`, async () => {
    const { post } = createLaunches(() => assert.fail('must not be asked'));
    const response = await post(body, headers);
    assert.equal(response.status, status);
    assert.equal(((await response.json()) as { code: string }).code, code);
  });
}

test('a body of as many values as may be is parsed, and one more is told what a launcher sends', async () => {
  const { post } = createLaunches();
  assert.equal((await post(references(1018))).status, 200);
  const { message } = (await (await post(references(1019))).json()) as { message: string };
  assert.match(
    message,
    /holds more than 1020 values: a launcher sends .* 500 "references" at most/,
  );
});

test('a refusal is told with code and message; the cause goes to the log, without what others wrote', async () => {
  const cause = new Error(canary);
  const { post, logged, metrics } = createLaunches((_, { note }) => {
    note({ namespace: 'shop', pod: 'api-1' });
    note({ container: 'app' });
    throw new ProviderError('pod_gone', 'Pod shop/api-1 is gone', { cause });
  });
  const response = await post('{}');
  assert.equal(response.status, 403);
  assert.deepEqual(await response.json(), { code: 'pod_gone', message: 'Pod shop/api-1 is gone' });
  const [line] = logged();
  assert.ok(line);
  const { route, status, code, level, namespace, pod, container } = line;
  assert.deepEqual(
    { route, status, code, level, namespace, pod, container },
    {
      route: '/v1/secret',
      status: 403,
      code: 'pod_gone',
      level: 'info',
      namespace: 'shop',
      pod: 'api-1',
      container: 'app',
    },
  );
  assert.match(JSON.stringify(line['error']), /"cause":\{"name":"Error"/);
  assert.ok(!JSON.stringify(line).includes(canary));
  assert.match(
    (await metrics.render()).text,
    /piggy_requests_total\{route="\/v1\/secret",status="403",code="pod_gone"\} 1/,
  );
});

test('an unforeseen error is told to nobody but the log, where a person must act', async () => {
  const { post, logged } = createLaunches(() => {
    throw new TypeError(canary);
  });
  const response = await post('{}');
  assert.equal(response.status, 500);
  assert.deepEqual(await response.json(), {
    code: 'internal_error',
    message: 'the provider failed; its log says why',
  });
  const [line] = logged();
  assert.equal(line?.['level'], 'error');
  assert.match(JSON.stringify(line), /app\.test\.ts/);
  assert.ok(!JSON.stringify(line).includes(canary));
});

test('a request is one line and one count', async () => {
  const { post, logged, metrics } = createLaunches();
  await post('{}');
  assert.equal(logged().length, 1);
  assert.deepEqual(
    logged().map(({ level, code, msg }) => ({ level, code, msg })),
    [{ level: 'info', code: 'ok', msg: 'request' }],
  );
  assert.match(
    (await metrics.render()).text,
    /piggy_requests_total\{route="\/v1\/secret",status="200",code="ok"\} 1/,
  );
});

test('Retry-After is in whole seconds', async () => {
  const { post } = createLaunches(() => {
    throw new ProviderError('aws_throttled', 'later', { retryAfterSeconds: 0.2 });
  });
  const response = await post('{}');
  assert.equal(response.status, 503);
  assert.equal(response.headers.get('retry-after'), '1');
});

test('too many requests at once are answered 429 before their body is read, and not logged by default', async () => {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const { post, logged } = createLaunches(
    async (question, context) => {
      await promise;
      return answerAll(question, context);
    },
    { limits: { ...limits, maxConcurrentPerAddress: 1 } },
  );
  const first = post('{}');
  const second = await post('{');
  assert.equal(second.status, 429);
  assert.equal(second.headers.get('retry-after'), '1');
  assert.equal(((await second.json()) as { code: string }).code, 'rate_limited');
  assert.equal(logged()[0]?.['level'], 'debug');
  resolve(undefined);
  assert.equal((await first).status, 200);
  assert.equal((await post('{}')).status, 200, 'the place is free again');
});

test('an answer that takes too long is 504', async () => {
  const { post } = createLaunches(() => new Promise(() => undefined), { timeoutMs: 1 });
  const response = await post('{}');
  assert.equal(response.status, 504);
  assert.equal(((await response.json()) as { code: string }).code, 'deadline_exceeded');
});

const elsewhere: Record<string, [method: string, path: string]> = {
  'another path': ['POST', '/v1/secrets'],
  'another method': ['GET', '/v1/secret'],
  "another listener's route": ['POST', '/kyverno/v1/images'],
};

for (const [name, [method, path]] of Object.entries(elsewhere)) {
  test(`${name} is 404, and no metric of its own`, async () => {
    const { app, metrics } = createLaunches();
    const response = await app.request(path, { method }, connection());
    assert.equal(response.status, 404);
    assert.match(
      ((await response.json()) as { message: string }).message,
      /there is POST \/v1\/secret/,
    );
    assert.ok(!(await metrics.render()).text.includes(`route="${path}s`));
  });
}

test('of a long path the log has the beginning', async () => {
  const { app, logged } = createLaunches();
  await app.request(`/${'x'.repeat(10_000)}`, { method: 'POST' }, connection());
  assert.match(JSON.stringify(logged()), /no route POST \/x{99}…; there is/);
});

test('the provider is ready when all of its parts are, and no longer when it stops', async () => {
  const readiness = createReadiness();
  const app = createOperationsApp({ metrics: createMetrics(), readiness, now: () => 0 });
  const ready = async () => {
    const response = await app.request('/readyz');
    return { status: response.status, body: await response.json() };
  };
  assert.deepEqual(await ready(), {
    status: 503,
    body: {
      ready: false,
      obstacles: [
        'listeners not loaded',
        'certificate not loaded',
        'sealing key not loaded',
        'access rules not loaded',
      ],
    },
  });
  readiness.setLoaded('listeners');
  readiness.setLoaded('certificate');
  readiness.setLoaded('sealing key');
  readiness.setLoaded('access rules');
  await readiness.loaded;
  assert.deepEqual(await ready(), { status: 200, body: { ready: true, obstacles: [] } });
  readiness.setStopping();
  assert.deepEqual(await ready(), { status: 503, body: { ready: false, obstacles: ['stopping'] } });
  assert.equal((await app.request('/healthz')).status, 200);
});

// The process that asks the provider as launchers and Kyverno do: so many connections, each with one question at a time. It
// reads every answer and compares what is in it: a fast wrong answer is worth nothing.

import assert from 'node:assert/strict';
import { Pool } from 'undici';
import { computeMac } from '../provider/admission/sealed-message.ts';
import { createQuestion, sealQuestion } from '../provider/testing/kyverno.ts';
import { serve } from './remote.ts';

export type LoadTarget = {
  /** Connections are spread over them. */
  readonly urls: readonly string[];
  /** PEM, where they are https. */
  readonly ca?: string;
  readonly connections: number;
  /** As launchers do; otherwise a connection is used again. */
  readonly oneRequestPerConnection?: boolean;
};

export type LaunchQuestion = {
  readonly token: string;
  readonly uid: string;
  readonly signature: string;
  /** The key of each is asked for, and this value expected. */
  readonly values: Readonly<Record<string, string>>;
  /** Expected in place of values. */
  readonly refusal?: { readonly status: number; readonly code: string };
};

export type ImageLookup = {
  /** Of `key`, as the policy seals. */
  readonly references: readonly string[];
  readonly always: boolean;
  /** What each of them runs. */
  readonly entrypoints: Readonly<Record<string, string>>;
};

export type LoadResult = {
  readonly latenciesMs: readonly number[];
  readonly elapsedMs: number;
  /** Processor time of the load itself: where it comes near the elapsed time, the load was the limit. */
  readonly cpuMs: number;
};

type Request = {
  readonly path: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Throws where the answer is not right. */
  readonly check: (status: number, text: string) => void;
};

const methods = {
  launch: (asked: { readonly target: LoadTarget; readonly launches: readonly LaunchQuestion[] }) =>
    run(asked.target, asked.launches.map(launchRequest)),
  lookUp: (asked: {
    readonly target: LoadTarget;
    readonly key: string;
    readonly lookups: readonly ImageLookup[];
  }) =>
    run(
      asked.target,
      asked.lookups.map((lookup, index) => lookupRequest(lookup, asked.key, `nonce-${index}`)),
    ),
  /** One after the other over one connection; each is a question whose images may be answered with an error. */
  lookUpAnything: (asked: {
    readonly url: string;
    readonly key: string;
    readonly questions: readonly object[];
  }) =>
    run(
      { urls: [asked.url], connections: asked.questions.length },
      asked.questions.map((question) => anythingRequest(question, asked.key)),
    ),
};

export type LoadMethods = typeof methods;

serve(methods);

function launchRequest({ token, uid, signature, values, refusal }: LaunchQuestion): Request {
  const body = JSON.stringify({ uid, signature, references: Object.keys(values) });
  const expected = { values, missing: [] };
  const text = JSON.stringify(expected);
  return {
    path: '/v1/secret',
    body,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    check: (status, answered) => {
      if (status === 200 && answered === text && refusal === undefined) return;
      if (refusal !== undefined) {
        checkRefusal(status, answered, refusal);
        return;
      }
      // Without the values: what fails here is printed.
      assert.equal(status, 200, status === 200 ? undefined : answered);
      assert.ok(isSame(JSON.parse(answered), expected), 'the values are not those of the secret');
    },
  };
}

function checkRefusal(
  status: number,
  answered: string,
  refusal: NonNullable<LaunchQuestion['refusal']>,
): void {
  assert.equal(status, refusal.status, status === 200 ? 'a bad request was answered' : answered);
  const { code } = JSON.parse(answered) as { readonly code?: unknown };
  assert.equal(code, refusal.code);
}

function isSame(answered: unknown, expected: unknown): boolean {
  try {
    assert.deepEqual(answered, expected);
    return true;
  } catch {
    return false;
  }
}

function lookupRequest(
  { references, always, entrypoints }: ImageLookup,
  key: string,
  nonce: string,
): Request {
  const question = createQuestion({
    nonce,
    images: references,
    always: always ? references : [],
  });
  return questionRequest(question, key, (answer) => {
    checkLookup(answer, { nonce, entrypoints });
  });
}

/** Every image has a command or an error. */
function anythingRequest(question: object, key: string): Request {
  const { images } = question as { readonly images: readonly string[] };
  return questionRequest(question, key, (answer) => {
    const answered = [...Object.keys(answer.images), ...Object.keys(answer.errors)];
    assert.deepEqual(answered.sort(), [...images].sort());
  });
}

function questionRequest(
  question: object,
  key: string,
  check: (answer: LookupAnswer) => void,
): Request {
  return {
    path: '/kyverno/v1/images',
    body: sealQuestion(question, key),
    headers: { 'content-type': 'application/json' },
    check: (status, text) => {
      assert.equal(status, 200, text);
      check(openAnswer(text, key));
    },
  };
}

type Sealed = { readonly payload: string; readonly mac: string };
type LookupAnswer = {
  readonly nonce: string;
  readonly images: Readonly<Record<string, { readonly entrypoint: readonly string[] }>>;
  readonly errors: object;
};

function openAnswer(text: string, key: string): LookupAnswer {
  const { payload, mac } = JSON.parse(text) as Sealed;
  assert.equal(mac, computeMac(key, 'answer', payload), 'the answer is not sealed');
  return JSON.parse(payload) as LookupAnswer;
}

function checkLookup(
  { nonce, images, errors }: LookupAnswer,
  expected: Pick<ImageLookup, 'entrypoints'> & { readonly nonce: string },
): void {
  const entrypoints = Object.entries(images).map(([image, { entrypoint }]) => [
    image,
    ...entrypoint,
  ]);
  assert.deepEqual(
    [nonce, Object.fromEntries(entrypoints), errors],
    [expected.nonce, expected.entrypoints, {}],
  );
}

async function run(target: LoadTarget, requests: readonly Request[]): Promise<LoadResult> {
  const pools = createPools(target);
  const latenciesMs: number[] = [];
  let next = 0;
  const askOneAfterTheOther = async (pool: Pool) => {
    for (let request = requests[next]; request !== undefined; request = requests[next]) {
      next += 1;
      const startedMs = performance.now();
      const { status, text } = await send(pool, request, target);
      latenciesMs.push(performance.now() - startedMs);
      request.check(status, text);
    }
  };
  const cpuBefore = process.cpuUsage();
  const startedMs = performance.now();
  const each = Math.ceil(target.connections / pools.length);
  const workers = pools.flatMap((pool) => Array.from({ length: each }, () => pool));
  await Promise.all(workers.map(askOneAfterTheOther));
  const elapsedMs = performance.now() - startedMs;
  const { user, system } = process.cpuUsage(cpuBefore);
  await Promise.all(pools.map((pool) => pool.close()));
  return { latenciesMs, elapsedMs, cpuMs: (user + system) / 1_000 };
}

function createPools({ urls, ca, connections }: LoadTarget): Pool[] {
  // A machine that is slow is measured as slow; it does not end the run.
  const patience = 120_000;
  const connect = { timeout: patience, ...(ca === undefined ? {} : { ca }) };
  const each = Math.ceil(connections / urls.length);
  return urls.map(
    (url) => new Pool(url, { connections: each, connect, headersTimeout: patience, pipelining: 1 }),
  );
}

async function send(pool: Pool, { path, body, headers }: Request, target: LoadTarget) {
  const reset = target.oneRequestPerConnection ?? false;
  const answer = await pool.request({ method: 'POST', path, body, headers, reset });
  return { status: answer.statusCode, text: await answer.body.text() };
}

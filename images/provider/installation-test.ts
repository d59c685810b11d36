// `helm test` runs this in the provider's image: asks for an image lookup as Kyverno does and for a secret as a Pod that was
// not injected, and ends with 1 where an answer is not the one that a working installation gives.

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { computeMac } from '../../provider/admission/sealed-message.ts';

const env = process.env;
const image = required('TEST_IMAGE');
const sealingKey = () => readFileSync(required('TEST_SEALING_KEY_FILE')).toString('base64');

const steps: Readonly<Record<string, () => Promise<string>>> = {
  'a lookup as Kyverno asks for it': lookUp,
  'a secret for a Pod that was not injected': askForSecret,
};
for (const [title, run] of Object.entries(steps)) {
  try {
    console.log(`ok      ${title}: ${await run()}`);
  } catch (error) {
    console.log(`FAILED  ${title}: ${explain(error)}`);
    process.exitCode = 1;
  }
}

/** Returns what the image runs. */
async function lookUp(): Promise<string> {
  const key = sealingKey();
  const nonce = randomBytes(16).toString('hex');
  const payload = JSON.stringify({
    nonce,
    namespace: 'default',
    serviceAccount: 'default',
    imagePullSecrets: [],
    architectures: [],
    images: [image],
    always: [],
  });
  const response = await fetch(`${required('PIGGY_LOOKUP_ADDRESS')}/kyverno/v1/images`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ payload, mac: computeMac(key, 'question', payload) }),
  });
  const text = await response.text();
  const sealed = (response.ok ? JSON.parse(text) : {}) as { payload?: string; mac?: string };
  const { payload: answered = '' } = sealed;
  if (sealed.mac !== computeMac(key, 'answer', answered)) {
    throw new Error(`HTTP ${response.status}, not sealed with the key of piggy-admission: ${text}`);
  }
  const answer = JSON.parse(answered) as Answer;
  const config = answer.nonce === nonce ? answer.images[image] : undefined;
  if (config) return `${image} runs ${[...config.entrypoint, ...config.cmd].join(' ')}`;
  throw new Error(answer.errors[image] ?? 'the answer belongs to another question');
}

type Answer = {
  readonly nonce: string;
  readonly images: Readonly<Record<string, { entrypoint: string[]; cmd: string[] }>>;
  readonly errors: Readonly<Record<string, string>>;
};

/** Everything but the last of these answers means that it does not know this Pod: token, CA, or its rights are wrong. */
async function askForSecret(): Promise<string> {
  const { status, body } = await post(`${required('PIGGY_ADDRESS')}/v1/secret`, {
    uid: randomBytes(16).toString('hex'),
    signature: randomBytes(32).toString('hex'),
    references: ['TEST'],
  });
  const { code } = JSON.parse(body) as { code?: string };
  if (status === 403 && code === 'not_injected') return 'refused with not_injected, as it must be';
  throw new Error(`expected HTTP 403 not_injected, got HTTP ${status}: ${body}`);
}

/** Of node:https, because fetch takes no CA. */
function post(url: string, body: object): Promise<{ status: number | undefined; body: string }> {
  const ca = readFileSync(required('TEST_CA_FILE'));
  const token = readFileSync(required('TEST_TOKEN_FILE'), 'utf8').trim();
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', ca, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => {
        resolve({ status: response.statusCode, body: text });
      });
    });
    sent.on('error', reject);
    sent.end(JSON.stringify(body));
  });
}

function required(name: string): string {
  const value = env[name];
  if (value) return value;
  throw new Error(`${name} is not set`);
}

/** fetch says only "fetch failed"; its cause says why. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}

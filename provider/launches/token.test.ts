import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ProviderError } from '../errors.ts';
import { writeToken } from '../testing/unsigned-token.ts';
import { AUDIENCE, parseLaunchToken } from './token.ts';

const NOW = Date.parse('2026-11-01T10:00:00Z');
const claims = { aud: [AUDIENCE], exp: NOW / 1000 + 600 };
const token = writeToken(claims);
const withSignature = (text: string) => token.replace(/[^.]*$/, text);
/** With its audience, expiry and list they are three more. */
const more = (count: number) => Array<number>(count).fill(1);

const passed: Record<string, string> = {
  'a token of ours': token,
  'a token whose signature ends in an incomplete character': withSignature('c2lnbg'),
  'a token whose audience is one text': writeToken({ ...claims, aud: AUDIENCE }),
  'a token of several audiences': writeToken({ ...claims, aud: ['vault', AUDIENCE] }),
  'a token of one container': writeToken({ ...claims, aud: [`${AUDIENCE}/app`] }),
  'a token that expired by our clock only': writeToken({ ...claims, exp: NOW / 1000 - 30 }),
  'a token of as many claims as are read': writeToken({ ...claims, more: more(195) }),
};

for (const [name, text] of Object.entries(passed)) {
  test(`${name} may be asked about`, () => {
    assert.equal(parseLaunchToken(text, NOW).text, text);
  });
}

const refused: Record<string, string | undefined> = {
  'no token': undefined,
  'an empty token': '',
  'a word': 'hunter2',
  'two parts': 'a.b',
  'four parts': `${token}.x`,
  'claims that are no JSON': 'e30.####.x',
  'claims that are null': writeToken(null),
  'claims that are a text': writeToken('aud'),
  'no claims': writeToken({}),
  'another audience': writeToken({ ...claims, aud: ['vault'] }),
  'an audience that begins as ours': writeToken({ ...claims, aud: [`${AUDIENCE}.evil`] }),
  'an audience of no container': writeToken({ ...claims, aud: [`${AUDIENCE}/`] }),
  'an audience of what is no name of a container': writeToken({
    ...claims,
    aud: [`${AUDIENCE}/app/x`, `${AUDIENCE}/App`, `${AUDIENCE}/${'a'.repeat(64)}`],
  }),
  'no expiry': writeToken({ aud: [AUDIENCE] }),
  'an expiry that is a text': writeToken({ ...claims, exp: '9999999999' }),
  'an expiry long ago': writeToken({ ...claims, exp: NOW / 1000 - 61 }),
  'one claim too many': writeToken({ ...claims, more: more(196) }),
  'a signature with bits of no byte in its last character': withSignature('c2lnbh'),
  'a signature in the other alphabet': withSignature('c2+/'),
  'a signature with an end mark': withSignature('c2lnbg=='),
  'a signature with characters of no alphabet': withSignature('c2!lnbg'),
  'a very long token': writeToken({ ...claims, more: 'x'.repeat(20_000) }),
};

for (const [name, text] of Object.entries(refused)) {
  test(`${name} is refused`, () => {
    assert.throws(
      () => parseLaunchToken(text, NOW),
      (error) => {
        assert.ok(error instanceof ProviderError && error.code === 'invalid_token');
        return text === undefined || text === '' || !error.message.includes(text);
      },
    );
  });
}

const longest = 'a'.repeat(63);
const audiences: Record<string, [aud: unknown, container: string | undefined]> = {
  'of the whole Pod': [[AUDIENCE], undefined],
  'of one container': [[`${AUDIENCE}/app`], 'app'],
  'of a container with a long name': [`${AUDIENCE}/${longest}`, longest],
  'of a Pod and of a container counts for the Pod': [[`${AUDIENCE}/app`, AUDIENCE], undefined],
  'of several containers counts for the first': [[`${AUDIENCE}/a`, `${AUDIENCE}/b`], 'a'],
};

for (const [name, [aud, container]] of Object.entries(audiences)) {
  test(`a token ${name}`, () => {
    const audience = container === undefined ? AUDIENCE : `${AUDIENCE}/${container}`;
    const text = writeToken({ ...claims, aud });
    assert.deepEqual(parseLaunchToken(text, NOW), { text, audience, container });
  });
}

function readAudiences(policy: string): readonly (string | undefined)[] {
  const path = join(import.meta.dirname, '../../policies', policy);
  // In CEL: audience.orValue('') == 'piggysec.com'; in what is made by it: {audience: piggysec.com, …}, or "audience": dyn("…").
  const written =
    /audience(?:: |": dyn\(|\.orValue\((?:''|"")\)(?: == |\.startsWith\())['"]?(?<audience>[^,}'")\s]+)/g;
  return [...readFileSync(path, 'utf8').matchAll(written)].map(
    ({ groups }) => groups?.['audience'],
  );
}

const policies: Record<string, [policy: string, audiences: readonly string[]]> = {
  'asks the kubelet for such tokens, and takes volumes with them for its own': [
    'inject-secrets.yaml',
    [AUDIENCE, AUDIENCE],
  ],
  'knows volumes with such tokens': ['protect-injected.yaml', [AUDIENCE, `${AUDIENCE}/`]],
  'knows volumes with tokens of one container': ['require-injection.yaml', [`${AUDIENCE}/`]],
  'asks the kubelet for tokens of one container, and takes volumes with either for its own': [
    'native/inject-secrets.yaml',
    [AUDIENCE, `${AUDIENCE}/`, `${AUDIENCE}/`],
  ],
};

for (const [what, [policy, audiences]] of Object.entries(policies)) {
  test(`${policy} ${what}, and with no others`, () => {
    assert.deepEqual(readAudiences(policy), audiences);
  });
}

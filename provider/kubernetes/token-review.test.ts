import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTokenReview } from './token-review.ts';

const POD_NAME = 'authentication.kubernetes.io/pod-name';
const POD_UID = 'authentication.kubernetes.io/pod-uid';
const AUDIENCE = 'piggysec.com';

const user = {
  username: 'system:serviceaccount:shop:api',
  extra: { [POD_NAME]: ['api-0'], [POD_UID]: ['u-1'] },
};
const status: object = { authenticated: true, audiences: [AUDIENCE], user };

test('a token of a Pod says service account and Pod', () => {
  assert.deepEqual(parseTokenReview(status, AUDIENCE), {
    authenticated: true,
    identity: {
      serviceAccount: { namespace: 'shop', name: 'api' },
      pod: { name: 'api-0', uid: 'u-1' },
    },
  });
});

const refused: Record<string, [status: object, reason: RegExp]> = {
  'a token that is not authenticated': [{ ...status, authenticated: false }, /does not accept/],
  'an answer that does not say so': [{}, /does not accept/],
  'a token of another audience': [{ ...status, audiences: ['vault'] }, /audience piggysec.com/],
  'a token without audience': [{ authenticated: true, user }, /audience/],
  'a person': [{ ...status, user: { ...user, username: 'alice' } }, /service account/],
  'a node': [{ ...status, user: { ...user, username: 'system:node:shop:api' } }, /service account/],
  'a name with one part too many': [
    { ...status, user: { ...user, username: 'system:serviceaccount:shop:api:x' } },
    /service account/,
  ],
  nobody: [{ authenticated: true, audiences: [AUDIENCE] }, /service account/],
  'a token that is bound to nothing': [
    { ...status, user: { username: user.username } },
    /not bound/,
  ],
  'a token without the uid of its Pod': [
    { ...status, user: { ...user, extra: { [POD_NAME]: ['api-0'] } } },
    /not bound/,
  ],
  'a token with two Pods': [
    { ...status, user: { ...user, extra: { [POD_NAME]: ['a', 'b'], [POD_UID]: ['u-1'] } } },
    /not bound/,
  ],
  'a token with an empty uid': [
    { ...status, user: { ...user, extra: { [POD_NAME]: ['a'], [POD_UID]: [''] } } },
    /not bound/,
  ],
};

for (const [name, [answer, reason]] of Object.entries(refused)) {
  test(`refuses ${name}`, () => {
    const decision = parseTokenReview(answer, AUDIENCE);
    assert.match(decision.authenticated ? 'authenticated' : decision.reason, reason);
  });
}

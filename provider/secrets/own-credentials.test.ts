import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renewBeforeEnd } from './own-credentials.ts';

const NOW_MS = 1_000_000;
type Session = { readonly id: string; readonly expiration?: Date };
const former = (leftMs: number): Session => ({
  id: 'former',
  expiration: new Date(NOW_MS + leftMs),
});
const next = { id: 'next', expiration: new Date(NOW_MS + 3_600_000) };

function provideWith(held: Session, renewed: () => Promise<Session>) {
  const provide = renewBeforeEnd(
    ({ forceRefresh = false }: { forceRefresh?: boolean } = {}) =>
      forceRefresh ? renewed() : Promise.resolve(held),
    () => NOW_MS,
  );
  return provide();
}

const used: Record<string, [held: Session, used: string]> = {
  'a session that holds for long is used': [former(600_000), 'former'],
  'a session that the SDK renews in the background is used': [former(200_000), 'former'],
  'a session that ends while a request is on its way is renewed first': [former(9_999), 'next'],
  'a session that has ended is renewed first': [former(-1), 'next'],
  'credentials without an end are used': [{ id: 'for ever' }, 'for ever'],
};

for (const [name, [held, expected]] of Object.entries(used)) {
  test(name, async () => {
    assert.equal((await provideWith(held, () => Promise.resolve(next))).id, expected);
  });
}

const failing = () => Promise.reject(new Error('no new session'));

test('a session that cannot be renewed is used to its end', async () => {
  assert.equal((await provideWith(former(1), failing)).id, 'former');
});

test('a session that has ended and cannot be renewed is an error', async () => {
  await assert.rejects(provideWith(former(0), failing), /no new session/);
});

test('what the client tells about itself is passed on', async () => {
  const told: unknown[] = [];
  const provide = renewBeforeEnd(
    (options) => {
      told.push(options);
      return Promise.resolve(former(0));
    },
    () => NOW_MS,
  );
  const options = { forceRefresh: false, region: 'eu-west-1' };
  await provide(options);
  assert.deepEqual(told, [options, { region: 'eu-west-1', forceRefresh: true }]);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchesPathGlob, matchesSegment } from './path-glob.ts';

const matching: readonly [glob: string, path: string][] = [
  ['shop/api', 'shop/api'],
  ['shop/*', 'shop/api'],
  ['shop/*-db', 'shop/api-db'],
  ['shop/a*-*b', 'shop/api-old-db'],
  ['*/api', 'shop/api'],
  ['shop/**', 'shop/api'],
  ['shop/**', 'shop/api/db/main'],
  ['shop/**', 'shop'],
  ['**/db', 'shop/api/db'],
  ['**/db', 'db'],
  ['shop/**/db', 'shop/db'],
  ['shop/**/db', 'shop/a/b/db'],
  ['**/a/**/b/**', 'x/a/y/b'],
  ['**/a/b/**/c', 'a/x/a/b/c'],
  ['/shop/*', '/shop/api'],
  ['**', 'anything/at/all'],
  ['/shop/**', '/shop/.hidden/v1.2/...'],
  ['/shop/../bank', '/shop/../bank'],
];
const different: readonly [glob: string, path: string][] = [
  ['shop/api', 'shop/api-debug'],
  ['shop/api', 'shop/ap'],
  ['shop/*', 'shop/api/db'],
  ['shop/*', 'shop'],
  ['shop/*', 'shopping/api'],
  ['shop*', 'shop/api'],
  ['shop/**', 'shopping'],
  ['shop/**', 'bank/shop/api'],
  ['shop/a*a', 'shop/a'],
  ['*', 'shop/api'],
  ['a**b', 'a/b'],
  ['**/a/b', 'b/a'],
  ['a/**/a', 'a'],
  ['shop.api', 'shopxapi'],
  ['shop/[ab]', 'shop/a'],
  ['shop/?', 'shop/a'],
  ['SHOP/api', 'shop/api'],
  ['', 'shop'],
  ['/shop/**', '/shop/../bank'],
  ['/shop/**', '/shop/a/../../bank'],
  ['/shop/**', '/shop/..'],
  ['/shop/*', '/shop/.'],
  ['/shop/*/bank', '/shop/../bank'],
  ['/shop/../**', '/shop/../bank'],
  ['/bank', '/shop/../bank'],
  ['**', '../bank'],
  ['arn:aws:secretsmanager:*:*:secret:**', 'arn:aws:secretsmanager:r:1:secret:../bank'],
  ['arn:aws:secretsmanager:*:*:secret:shop/**', 'arn:aws:secretsmanager:r:1:secret:shop/../bank'],
];

for (const [glob, path] of matching) {
  test(`${glob} matches ${path}`, () => {
    assert.equal(matchesPathGlob(glob, path), true);
  });
}
for (const [glob, path] of different) {
  test(`${glob} does not match ${path}`, () => {
    assert.equal(matchesPathGlob(glob, path), false);
  });
}

test('a segment is matched whole, without meaning for its slashes', () => {
  assert.equal(matchesSegment('shop-*', 'shop-eu'), true);
  assert.equal(matchesSegment('shop-*', 'workshop-eu'), false);
});

/** How often longer a text of twice the length takes is about 2 where time is linear; a backtracking one never ends. */
test('hostile globs of 100 kB are answered', () => {
  assert.equal(matchesPathGlob(`${'a*'.repeat(50_000)}b`, 'a'.repeat(100_000)), false);
  assert.equal(matchesPathGlob(`${'**/a/'.repeat(20_000)}b`, 'a/'.repeat(50_000)), false);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decideAccess } from './access.ts';

const api = { namespace: 'shop', name: 'api' };

const cases: Record<string, [allowList: string | undefined, required: boolean, outcome: string]> = {
  'a listed account is allowed': ['shop:web, shop:api', true, 'allowed'],
  'space and line breaks around an entry do not count': ['\n shop:api \t,', false, 'allowed'],
  'an unlisted account is denied': ['shop:web', false, 'not_in_allow_list'],
  'a longer name is not a match': ['shop:api-debug', false, 'not_in_allow_list'],
  'a longer namespace is not a match': ['my-shop:api', false, 'not_in_allow_list'],
  'the same name in another namespace is not a match': ['bank:api', false, 'not_in_allow_list'],
  'another case is not a match': ['Shop:API', false, 'not_in_allow_list'],
  'a wildcard is not one': ['*, shop:*, *:api', false, 'not_in_allow_list'],
  'a name without namespace is not a match': ['api', false, 'not_in_allow_list'],
  'space within an entry is not a match': ['shop: api', false, 'not_in_allow_list'],
  'entries are separated by commas only': ['shop:web shop:api', false, 'not_in_allow_list'],
  'an empty list allows nobody': ['', false, 'not_in_allow_list'],
  'a missing list allows everybody by default': [undefined, false, 'allowed'],
  'a missing list denies where one is required': [undefined, true, 'allow_list_missing'],
};

for (const [name, [allowList, allowListRequired, outcome]] of Object.entries(cases)) {
  test(name, () => {
    const decision = decideAccess(api, allowList, { allowListRequired });
    assert.equal(decision.allowed ? 'allowed' : decision.reason, outcome);
  });
}

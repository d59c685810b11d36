import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createProxyDecision } from './proxy.ts';

const cases: Record<string, [noProxy: string[], url: string, isProxied: boolean]> = {
  'no exception': [[], 'https://ghcr.io/', true],
  'all excepted': [['*'], 'https://ghcr.io/', false],
  'a domain': [['ghcr.io'], 'https://ghcr.io/', false],
  'a domain in upper case': [['GHCR.IO'], 'https://ghcr.io/', false],
  'a domain with a dot at its end': [['ghcr.io'], 'https://ghcr.io./', false],
  'what is below a domain': [['corp.example'], 'https://registry.corp.example/', false],
  'what only ends like a domain': [['corp.example'], 'https://mycorp.example/', true],
  'what is below, of a domain with a dot': [['.corp.example'], 'https://a.corp.example/', false],
  'the domain itself, with a dot': [['.corp.example'], 'https://corp.example/', true],
  'what is below, of a domain with a star': [['*.corp.example'], 'https://a.corp.example/', false],
  'a port': [['corp.example:5000'], 'https://corp.example:5000/', false],
  'another port': [['corp.example:5000'], 'https://corp.example/', true],
  'the port that goes without saying': [['corp.example:443'], 'https://corp.example/', false],
  'an address': [['10.1.2.3'], 'https://10.1.2.3:5000/', false],
  'an address with a port': [['10.1.2.3:5000'], 'https://10.1.2.3:5001/', true],
  'another address': [['10.1.2.3'], 'https://10.1.2.4/', true],
  'an address written otherwise': [['127.0.0.1'], 'https://2130706433/', false],
  'an IPv6 address': [['fd00::1'], 'https://[fd00:0::1]:5000/', false],
  'an IPv6 address in brackets, with a port': [
    ['[fd00::1]:5000'],
    'https://[fd00::1]:5000/',
    false,
  ],
  'a network': [['10.0.0.0/8'], 'https://10.200.0.1/', false],
  'outside of a network': [['10.0.0.0/8'], 'https://11.0.0.1/', true],
  'an IPv6 network': [['fd00::/8'], 'https://[fdff::1]/', false],
  'a name is not looked up for a network': [['0.0.0.0/0'], 'https://ghcr.io/', true],
  'what is no network excepts nothing': [['10.0.0.0/99', '/', 'a/8'], 'https://10.0.0.1/', true],
  'an entry among others': [['a.example', 'ghcr.io'], 'https://ghcr.io/', false],
  'plain HTTP is never sent to the proxy': [[], 'http://registry.corp.example/', false],
};

for (const [name, [noProxy, url, isProxied]] of Object.entries(cases)) {
  test(`NO_PROXY: ${name}`, () => {
    assert.equal(createProxyDecision(noProxy)(new URL(url)), isProxied);
  });
}

test('any NO_PROXY is read without failing', () => {
  const unit = fc.constantFrom(...Array.from('a.:/*[]0129f'));
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.string(), fc.string({ unit, maxLength: 30 }))), (entries) => {
      createProxyDecision(entries)(new URL('https://10.0.0.1:5000/'));
    }),
  );
});

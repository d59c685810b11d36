import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { decideAddress, literalAddress, type Reach } from './addresses.ts';

const decide = (address: string, loopbackAllowed = false): string => {
  const decision = decideAddress(address, { loopbackAllowed, reach: 'any' });
  return decision.allowed ? 'allowed' : decision.reason;
};

const cases: Record<string, [address: string, outcome: string]> = {
  'a public address': ['93.184.216.34', 'allowed'],
  'a public IPv6 address': ['2606:2800:220:1::1', 'allowed'],
  'a private address': ['10.1.2.3', 'allowed'],
  'another private address': ['172.16.0.1', 'allowed'],
  'a third private address': ['192.168.1.1', 'allowed'],
  'a private IPv6 address': ['fd12:3456::1', 'allowed'],
  'carrier-grade NAT': ['100.100.100.199', 'allowed'],
  loopback: ['127.0.0.1', 'loopback'],
  'any of the loopback net': ['127.255.255.254', 'loopback'],
  'IPv6 loopback': ['::1', 'loopback'],
  'loopback as IPv6': ['::ffff:127.0.0.1', 'loopback'],
  'loopback as IPv6 in hex': ['::ffff:7f00:1', 'loopback'],
  'loopback through NAT64': ['64:ff9b::7f00:1', 'loopback'],
  unspecified: ['0.0.0.0', 'reserved'],
  'unspecified IPv6': ['::', 'reserved'],
  'unspecified as IPv6': ['::ffff:0.0.0.0', 'reserved'],
  'metadata of most clouds': ['169.254.169.254', 'reserved'],
  'metadata as IPv6': ['::ffff:169.254.169.254', 'reserved'],
  'metadata in the deprecated IPv6 form': ['::a9fe:a9fe', 'reserved'],
  'metadata through NAT64': ['64:ff9b::a9fe:a9fe', 'reserved'],
  'EKS Pod Identity': ['169.254.170.23', 'reserved'],
  'AWS metadata over IPv6': ['fd00:ec2::254', 'reserved'],
  'EKS Pod Identity over IPv6': ['fd00:ec2::23', 'reserved'],
  'Google Cloud metadata over IPv6': ['fd20:ce::254', 'reserved'],
  'Alibaba Cloud metadata': ['100.100.100.200', 'reserved'],
  'Azure wire server': ['168.63.129.16', 'reserved'],
  'link-local': ['169.254.0.1', 'reserved'],
  'IPv6 link-local': ['fe80::1', 'reserved'],
  multicast: ['224.0.0.1', 'reserved'],
  'IPv6 multicast': ['ff02::1', 'reserved'],
  broadcast: ['255.255.255.255', 'reserved'],
  'loopback as a translator writes it': ['::ffff:0:7f00:1', 'reserved'],
  'metadata through 6to4': ['2002:a9fe:a9fe::1', 'reserved'],
  'metadata in the NAT64 of a local network': ['64:ff9b:1::a9fe:a9fe', 'reserved'],
  'metadata in the middle of such an address': ['64:ff9b:1:a9fe:a9:fe00::', 'reserved'],
  'the end of that network': ['64:ff9b:1:ffff:ffff:ffff:ffff:ffff', 'reserved'],
  'what comes after that network': ['64:ff9b:2::1', 'allowed'],
  'a public address through NAT64': ['64:ff9b::93.184.216.34', 'allowed'],
  'Azure wire server through NAT64': ['64:ff9b::a83f:8110', 'reserved'],
  'Oracle Cloud metadata through NAT64': ['64:ff9b::c000:c0', 'reserved'],
  'multicast through NAT64': ['64:ff9b::e000:1', 'reserved'],
  'metadata through Teredo': ['2001:0:a9fe:a9fe:0:0:5601:5601', 'reserved'],
  'any Teredo address': ['2001::1', 'reserved'],
  'what comes after Teredo': ['2001:1::1', 'allowed'],
  'metadata through ISATAP': ['2606:2800:220:1:0:5efe:a9fe:a9fe', 'reserved'],
  'metadata through ISATAP, written short': ['2606:2800::5efe:169.254.169.254', 'reserved'],
  'ISATAP of a public address': ['2606:2800:220:1:200:5efe:5db8:d822', 'reserved'],
  'ISATAP under a private prefix': ['fd12:3456::5EFE:7f00:1', 'reserved'],
  'no ISATAP, by one digit': ['2606:2800:220:1:0:5eff:5db8:d822', 'allowed'],
  'link-local with a zone': ['fe80::1%eth0', 'reserved'],
  'no address': ['registry.example', 'reserved'],
  'an empty text': ['', 'reserved'],
};

for (const [name, [address, outcome]] of Object.entries(cases)) {
  test(`${name} is ${outcome}`, () => {
    assert.equal(decide(address), outcome);
  });
}

test('loopback is allowed where it is configured, and nothing else with it', () => {
  assert.equal(decide('127.0.0.1', true), 'allowed');
  assert.equal(decide('::1', true), 'allowed');
  assert.equal(decide('169.254.169.254', true), 'reserved');
  assert.equal(decide('0.0.0.0', true), 'reserved');
});

const reaches: Record<string, [address: string, isPrivate: boolean]> = {
  'a public address': ['93.184.216.34', false],
  'a public IPv6 address': ['2606:2800:220:1::1', false],
  'a public address through NAT64': ['64:ff9b::5db8:d822', false],
  'a private address': ['10.1.2.3', true],
  'a private address as IPv6': ['::ffff:192.168.1.1', true],
  'a private address through NAT64': ['64:ff9b::ac10:1', true],
  'carrier-grade NAT, of which EKS makes Pod networks': ['100.64.0.1', true],
  'a benchmark network, as some clusters use': ['198.18.0.1', true],
  'a unique local IPv6 address': ['fd12:3456::1', true],
  'a site-local IPv6 address': ['fec0::1', true],
};

for (const [name, [address, isPrivate]] of Object.entries(reaches)) {
  test(`${name} is ${isPrivate ? 'private' : 'public'}`, () => {
    const decideFor = (reach: Reach) => decideAddress(address, { loopbackAllowed: false, reach });
    assert.deepEqual(decideFor('any'), { allowed: true, isPrivate });
    assert.equal(decideFor('public').allowed, !isPrivate);
    assert.equal(decideFor('private').allowed, isPrivate);
  });
}

test('a loopback address that the operator listed is private', () => {
  const listed = { loopbackAllowed: true, reach: 'public' } as const;
  assert.deepEqual(decideAddress('127.0.0.1', listed), { allowed: false, reason: 'private' });
  assert.deepEqual(decideAddress('::1', listed), { allowed: false, reason: 'private' });
});

const literals: Record<string, string | undefined> = {
  'https://127.0.0.1:5000/': '127.0.0.1',
  'https://0x7f.1/': '127.0.0.1',
  'https://2130706433/': '127.0.0.1',
  'https://[::1]:5000/': '::1',
  'https://[::FFFF:169.254.169.254]/': '::ffff:a9fe:a9fe',
  'https://registry.example/': undefined,
};

for (const [url, expected] of Object.entries(literals)) {
  test(`${url} is ${expected ? `the address ${expected}` : 'a name'}`, () => {
    assert.equal(literalAddress(new URL(url)), expected);
  });
}

test('an IPv4 address is decided alike in every way of writing it', () => {
  const near = ['127', '169.254', '100.100.100', '168.63.129', '0', '10', '224', '255.255'];
  const address = fc
    .tuple(fc.constantFrom('', ...near), fc.ipV4())
    .map(([start, rest]) => [...start.split('.'), ...rest.split('.')].filter((part) => part !== ''))
    .map((parts) => parts.slice(0, 4));
  fc.assert(
    fc.property(address, fc.boolean(), (parts, loopbackAllowed) => {
      const [a = 0, b = 0, c = 0, d = 0] = parts.map(Number);
      const expected = decide(parts.join('.'), loopbackAllowed);
      const hex = `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
      const number = ((a * 256 + b) * 256 + c) * 256 + d;
      assert.equal(decide(`::ffff:${parts.join('.')}`, loopbackAllowed), expected);
      assert.equal(decide(`::FFFF:${hex}`, loopbackAllowed), expected);
      assert.equal(decide(`0:0:0:0:0:ffff:${hex}`, loopbackAllowed), expected);
      assert.equal(decide(`64:ff9b::${hex}`, loopbackAllowed), expected);
      assert.equal(decide(`2606:2800::5efe:${hex}`, loopbackAllowed), 'reserved');
      const urls = [`https://${number}/`, `https://0x${number.toString(16)}/`];
      for (const url of urls) assert.equal(literalAddress(new URL(url)), parts.join('.'));
    }),
    { numRuns: 1_000 },
  );
});

test('any text is decided, and what is no address is refused', () => {
  const unit = fc.constantFrom(...Array.from('0127afF.:%[]/'));
  const texts = fc.oneof(fc.string(), fc.ipV6(), fc.string({ unit, maxLength: 30 }));
  fc.assert(
    fc.property(texts, (text) => {
      const outcome = decide(text);
      if (isIP(text) === 0) assert.equal(outcome, 'reserved');
    }),
    { numRuns: 1_000 },
  );
});

for (const part of [':', '0:', '1.', '%', 'f']) {
  test(`decides 100 kB of "${part}" at once`, () => {
    const started = performance.now();
    assert.equal(decide(part.repeat(100_000 / part.length)), 'reserved');
    assert.ok(performance.now() - started < 500);
  });
}

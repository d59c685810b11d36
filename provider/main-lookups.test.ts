// A question whose seal is right is answered under a seal, whatever becomes of it: held against the real process.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { after, test } from 'node:test';
import { computeMac } from './admission/sealed-message.ts';
import { createQuestion, sealQuestion } from './testing/kyverno.ts';
import { installProvider } from './testing/provider-installation.ts';
import { startProvider } from './testing/provider-process.ts';

const asked = Promise.withResolvers<undefined>();
/** A registry that answers nothing. */
const silent = createServer(() => {
  asked.resolve(undefined);
});
silent.listen(0, '127.0.0.1');
await once(silent, 'listening');
const registry = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
const files = await installProvider();
const provider = await startProvider({
  ...files.env,
  PIGGY_REGISTRY_PLAIN_HTTP: registry,
  PIGGY_REGISTRY_LOOPBACK_HOSTS: registry,
  PIGGY_MAX_CONCURRENT_REQUESTS: '1',
  PIGGY_MAX_CONCURRENT_PER_ADDRESS: '1',
  PIGGY_LOG_LEVEL: 'debug',
});
after(async () => {
  assert.equal(await provider.stop(), 0);
  silent.closeAllConnections();
  silent.close();
  files.remove();
});

test('a question that finds all slots taken is told so under a seal; log and metric keep the code', async () => {
  const image = `${registry}/team/app:v1`;
  const body = sealQuestion(createQuestion({ images: [image] }), files.admissionKey);
  const head = `POST /kyverno/v1/images HTTP/1.1\r\nHost: piggy\r\nConnection: close\r\nContent-Length: ${body.length}\r\n`;
  const open = async (localAddress: string) => {
    const { port } = new URL(provider.lookupUrl);
    const socket = connect({ port: Number(port), host: '127.0.0.1', localAddress });
    await once(socket.setEncoding('utf8'), 'connect');
    return socket;
  };
  const late = await open('127.0.5.1');
  late.write(`${head}Expect: 100-continue\r\n\r\n`);
  // Its head is let in while there is a slot.
  await once(late, 'data');
  const first = await open('127.0.5.2');
  first.write(`${head}\r\n${body}`);
  await asked.promise;
  late.write(body);
  const answer = (await late.toArray()).join('');
  first.destroy();
  assert.match(answer, /^HTTP\/1.1 200 OK/);
  const { payload, mac } = JSON.parse(answer.slice(answer.indexOf('{'))) as Record<string, string>;
  assert.equal(mac, computeMac(files.admissionKey, 'answer', payload ?? ''));
  const { errors } = JSON.parse(payload ?? '') as { errors: Readonly<Record<string, string>> };
  assert.match(errors[image] ?? '', /was not looked up: the provider has 1 requests in work/);
  const { status, images } = await provider.line(({ code }) => code === 'rate_limited');
  assert.deepEqual([status, images], [429, [image]]);
  const metrics = await (await fetch(`${provider.operationsUrl}/metrics`)).text();
  assert.ok(metrics.includes('route="/kyverno/v1/images",status="429",code="rate_limited"} 1'));
});

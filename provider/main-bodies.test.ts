// Bodies that break off, come too slowly, come by the thousand or hold too much, on both listeners of the real process: they are
// the client's fault, take a bounded part of the memory and time, and leave other requests unharmed.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, describe, test, type TestContext } from 'node:test';
import { computeMac } from './admission/sealed-message.ts';
import { startKubernetesApi } from './testing/kubernetes-api.ts';
import { createQuestion, sealQuestion } from './testing/kyverno.ts';
import { sumOfMetric } from './testing/metric-sum.ts';
import { openConnection, type Connection } from './testing/open-connection.ts';
import { installProvider } from './testing/provider-installation.ts';
import { startProvider } from './testing/provider-process.ts';
import { unsignedToken } from './testing/unsigned-token.ts';
import { until } from './testing/until.ts';

const kubernetes = await startKubernetesApi();
const files = await installProvider({ kubernetes });
const provider = await startProvider({ ...files.env, PIGGY_LOG_LEVEL: 'debug' });
after(async () => {
  assert.equal(await provider.stop(), 0);
  await kubernetes.stop();
  files.remove();
});

type Listener = 'launches' | 'lookups';
const listeners: readonly Listener[] = ['launches', 'lookups'];
const routes = { launches: '/v1/secret', lookups: '/kyverno/v1/images' } as const;

const open = (
  context: TestContext,
  listener: Listener,
  localAddress: string,
): Promise<Connection> => {
  const isTls = listener === 'launches';
  const { port } = new URL(isTls ? provider.launchUrl : provider.lookupUrl);
  const options = { port: Number(port), localAddress };
  return openConnection(context, isTls ? { ...options, ca: files.ca } : options);
};

/** Without a token that can be ours, nothing is received of a launch. */
const head = (listener: Listener, framing: string, token = unsignedToken()) =>
  `POST ${routes[listener]} HTTP/1.1\r\nHost: piggy\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\n${framing}\r\n\r\n`;
const framings = {
  'of known length': ['Content-Length: 100', '{"a":'],
  'in chunks': ['Transfer-Encoding: chunked', '5\r\n{"a":\r\n'],
} as const;

const ways: Record<string, (connection: Connection) => void> = {
  'is reset': ({ raw }) => void raw.resetAndDestroy(),
  'is closed': ({ raw }) => void raw.destroy(),
  'ends half-way': ({ socket }) => void socket.end(),
  'goes on too slowly': () => undefined,
  'is no HTTP': ({ socket }) => void socket.write('\r\nnonsense\r\n'),
};

/** The lines of requests to one route, from a number of them on. */
function readCodes(listener: Listener, from = 0): string[] {
  const lines = provider.output().split('\n').slice(0, -1);
  const asked = lines.filter((line) => line.includes(`"route":"${routes[listener]}"`));
  return asked.slice(from).map((line) => String((JSON.parse(line) as { code: unknown }).code));
}

// Each waits for the time that a body may take.
describe(
  "a body that breaks off is the client's doing, whatever the way",
  { concurrency: true },
  () => {
    for (const listener of listeners) {
      test(listener, async (context) => {
        const before = readCodes(listener).length;
        const all = Object.entries(framings).flatMap(([name, [framing, beginning]]) =>
          Object.entries(ways)
            // What is announced by its length may be anything.
            .filter(([way]) => way !== 'is no HTTP' || name === 'in chunks')
            .map(([, breakOff]) => ({ framing, beginning, breakOff })),
        );
        for (const { framing, beginning, breakOff } of all) {
          const connection = await open(context, listener, '127.0.5.1');
          const { socket } = connection;
          socket.write(head(listener, `${framing}\r\nExpect: 100-continue`));
          // Its head is taken in: what happens to the body is the request's.
          await once(socket, 'data');
          socket.resume().write(beginning, () => {
            breakOff(connection);
          });
        }
        await until(() => readCodes(listener, before).length === all.length);
        assert.deepEqual(
          readCodes(listener, before),
          all.map(() => 'client_closed'),
        );
      });
    }
  },
);

test('a body in chunks is read as a whole', async (context) => {
  const question = createQuestion({ images: ['-'] });
  const text = sealQuestion(question, files.admissionKey);
  const { socket } = await open(context, 'lookups', '127.0.5.1');
  const pieces = text.replaceAll(/./g, '1\r\n$&\r\n');
  socket.write(
    `${head('lookups', 'Transfer-Encoding: chunked\r\nConnection: close')}${pieces}0\r\n\r\n`,
  );
  const answer = (await socket.setEncoding('utf8').toArray()).join('');
  assert.match(answer, /^HTTP\/1.1 200 OK/);
  const { payload, mac } = JSON.parse(answer.slice(answer.indexOf('{'))) as Record<
    'payload' | 'mac',
    string
  >;
  assert.equal(mac, computeMac(files.admissionKey, 'answer', payload));
});

const LARGE = 60_000;
const COUNT = 400;
/** By the bytes that may be received at once. */
const MOST = 160;

for (const listener of listeners) {
  test(`of hundreds of large bodies that do not end some are received, and the others give way: ${listener}`, async (context) => {
    const framing = `Content-Length: ${LARGE}`;
    const sockets = await Promise.all(
      Array.from({ length: COUNT }, async (_, index) => {
        const { socket } = await open(context, listener, `127.0.6.${(index % 10) + 1}`);
        const answer = { status: '' };
        socket.setEncoding('latin1').once('data', (text: string) => {
          answer.status = text.slice(9, 12);
        });
        socket.write(head(listener, framing) + 'x'.repeat(LARGE - 1));
        return { socket, answer };
      }),
    );
    const received = () =>
      sockets.filter(({ socket, answer }) => !socket.destroyed && answer.status === '').length;
    await until(() => received() <= MOST);
    const refused = sockets.filter(({ answer }) => answer.status === '429').length;
    assert.ok(refused >= COUNT - MOST - 40, `${refused} of ${COUNT} were told to try again`);
    // The metrics page may be a second old.
    await until(async () => (await countGivenWay(listener)) >= refused);
    const { status, code } = await ask(context, listener);
    assert.deepEqual(
      [status, code],
      ['401', listener === 'launches' ? 'invalid_token' : 'unsealed_message'],
    );
  });
}

async function countGivenWay(listener: Listener): Promise<number> {
  const text = await (await fetch(`${provider.operationsUrl}/metrics`)).text();
  return sumOfMetric(text, 'piggy_clients_cut_off_total', { listener, reason: 'body_gave_way' });
}

test('a launch without a token that can be ours is refused from its head, whatever would follow', async (context) => {
  for (const framing of [`Content-Length: ${LARGE}`, 'Transfer-Encoding: chunked']) {
    const { socket } = await open(context, 'launches', '127.0.5.3');
    socket.write(head('launches', `${framing}\r\nConnection: close`, 'a.b.c'));
    const [answer] = (await once(socket.setEncoding('utf8'), 'data')) as [string];
    assert.match(answer, /^HTTP\/1.1 401 /);
  }
});

/** No JSON: who answers that it holds too much has not parsed it. */
const tooMuch = {
  'of very many small values': '[],'.repeat(LARGE / 3),
  'that is very deep': '['.repeat(LARGE),
} as const;

for (const listener of listeners) {
  for (const [name, text] of Object.entries(tooMuch)) {
    test(`a body ${name} is refused without being parsed: ${listener}`, async (context) => {
      assert.deepEqual(await ask(context, listener, text), {
        status: '413',
        code: 'request_too_large',
      });
    });
  }
}

/** With a large body that is there at once. */
async function ask(context: TestContext, listener: Listener, other?: string) {
  const body = JSON.stringify({ payload: 'x'.repeat(LARGE), mac: '' });
  const launch = JSON.stringify({ uid: '1', signature: 'x', references: ['a'.repeat(200)] });
  const text = other ?? (listener === 'launches' ? launch : body);
  const { socket } = await open(context, listener, '127.0.5.2');
  socket.write(head(listener, `Content-Length: ${text.length}\r\nConnection: close`) + text);
  const answer = (await socket.setEncoding('utf8').toArray()).join('');
  const { code } = JSON.parse(answer.slice(answer.indexOf('{'))) as { code: string };
  return { status: answer.slice(9, 12), code };
}

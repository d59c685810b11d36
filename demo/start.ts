// The second half of the demo: what the container's processes see, and who is refused.

import { containerOf, type Container, type Kubelet, type Running } from './kubelet.ts';
import type { Show } from './show.ts';
import type { StandIns } from './stand-ins.ts';
import type { Pod } from '../tools/kyverno-cli.ts';

type Scene = { readonly pod: Pod; readonly kubelet: Kubelet; readonly standIns: StandIns };

/** Returns everything that the processes printed but the application's own line. */
export async function showStart(show: Show, { pod, kubelet, standIns }: Scene): Promise<string[]> {
  const container = containerOf(pod);
  kubelet.mountToken(standIns.schedule(pod));
  show.heading(
    '3  The container starts: the launcher asks the provider, then becomes the application',
  );
  const application = kubelet.start(container);
  try {
    await showApplication(show, application, standIns.password);

    show.heading('4  kubectl exec … env: another process of the same container');
    await showExec(show, kubelet, container);

    show.heading('5  Asking again');
    return [
      await showOtherCommand(show, kubelet, container),
      await showSameCommand(show, kubelet, container),
    ];
  } finally {
    application.signal('SIGTERM');
    const { code, output } = await application.ended;
    const gotSignal = output.includes('stopped by SIGTERM') && code === 0;
    show.claim('the application gets its signals itself', gotSignal, output);
  }
}

async function showApplication(show: Show, application: Running, password: string): Promise<void> {
  const line = await application.firstLine;
  if (line === undefined) throw new Error((await application.ended).output);
  const seen = JSON.parse(line) as Record<string, unknown>;
  show.text(line);
  show.claim('the application sees the value', seen['DB_PASSWORD'] === password, seen);
  show.claim('a nested number comes as it is written', seen['DB_PORT'] === '5432', seen);
  const dsn = `postgres://shop:${password}@db.example:5432/shop`;
  show.claim('$(DB_PASSWORD) in another variable holds the value', seen['DSN'] === dsn, seen);
  show.claim('nothing of ours is left in its environment', String(seen['leftOver']) === '', seen);
  const isSamePid = seen['pid'] === application.pid;
  show.claim('it has the process id of the launcher: the launcher is gone', isSamePid, seen);
}

async function showExec(show: Show, kubelet: Kubelet, container: Container): Promise<void> {
  const { output } = await kubelet.exec(container, ['env']).ended;
  const shown = output.split('\n').filter((line) => /^(DB_|DSN)/.test(line));
  show.text(shown.join('\n'));
  // Where the kubelet put a reference into a text there are marks; they are random.
  const unmarked = shown.join().replaceAll(/<\/?[a-f][\da-f]{7}>/g, '');
  show.claim(
    'it sees references only',
    unmarked ===
      'DB_PASSWORD=piggy:DB_PASSWORD,DB_PORT=piggy:db.port,' +
        'DSN=postgres://shop:piggy:DB_PASSWORD@db.example:piggy:db.port/shop',
    output,
  );
}

async function showOtherCommand(
  show: Show,
  kubelet: Kubelet,
  container: Container,
): Promise<string> {
  const other = kubelet.exec(container, [...container.command, '--', 'env']);
  const { code, output } = await other.ended;
  show.text(output.trim());
  show.claim(
    'another command is refused',
    code === 125 && output.includes('signature_mismatch'),
    output,
  );
  return output;
}

/** The first answers are repeated, since one can get lost on its way; then the window of this start is closed. */
async function showSameCommand(
  show: Show,
  kubelet: Kubelet,
  container: Container,
): Promise<string> {
  for (let repeats = 0; ; repeats += 1) {
    const again = kubelet.start(container);
    if ((await again.firstLine) !== undefined) {
      again.signal('SIGTERM');
      await again.ended;
      if (repeats < 10) continue;
    }
    const { code, output } = await again.ended;
    show.text(output.trim());
    const isRefused = code === 125 && output.includes('launch_window_closed');
    const claim = `so is the same command, after ${repeats} repeats within 5 s for answers that got lost`;
    show.claim(claim, isRefused, output);
    return output;
  }
}

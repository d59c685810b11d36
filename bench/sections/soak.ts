// Ten minutes of good and bad requests mixed: forged tokens, closed windows, wrong signatures, an AWS that fails. Each gets the
// answer that it should, and memory and sockets stay where they were.

import assert from 'node:assert/strict';
import type { ProviderProcess } from '../../provider/testing/provider-process.ts';
import { prepareLaunches, putSecrets } from '../launches.ts';
import type { LaunchQuestion } from '../load.ts';
import { readUsage } from '../process-usage.ts';
import type { SectionReport, Target } from '../report.ts';
import { withSession, type Session } from '../session.ts';
import { median, summarize } from '../statistics.ts';

const ROUND = 200;

export function measureSoak({ isQuick }: { readonly isQuick: boolean }): Promise<SectionReport> {
  return withSession(async (session) => {
    const provider = await session.startProvider();
    const endMs = performance.now() + (isQuick ? 20_000 : 600_000);
    const rounds: Round[] = [];
    while (performance.now() < endMs) {
      rounds.push(await runRound(session, provider, rounds.length % 5 === 4));
    }
    const early = rounds.slice(0, Math.ceil(rounds.length / 3));
    const late = rounds.slice(-early.length);
    return {
      tables: [
        {
          title: `${rounds.length * ROUND} requests, good and bad`,
          columns: ['', 'RSS MB', 'sockets', 'p50 ms', 'p99 ms'],
          rows: [
            ['first third', ...figures(early)],
            ['last third', ...figures(late)],
          ],
        },
      ],
      targets: targetsOf(early, late),
      notes: [
        'Of each 5 requests 3 are good, one has a forged token and one a wrong signature; in every fifth round AWS fails. Each answer was the one that it should be.',
      ],
    };
  });
}

function targetsOf(early: readonly Round[], late: readonly Round[]): Target[] {
  const [earlyMb = NaN] = figures(early);
  const [lateMb = NaN] = figures(late);
  return [
    {
      sentence: 'memory of the last third, in that of the first',
      measured: lateMb / earlyMb,
      limit: 1.2,
      kind: 'atMost',
    },
    { sentence: 'memory of the last third, MB', measured: lateMb, limit: 180, kind: 'atMost' },
  ];
}

type Round = {
  readonly residentMb: number;
  readonly sockets: number;
  readonly latenciesMs: readonly number[];
};

async function runRound(
  session: Session,
  provider: ProviderProcess,
  isAwsFailing: boolean,
): Promise<Round> {
  const secrets = await putSecrets(session, 4);
  const prepared = await prepareLaunches(session, secrets, { count: ROUND });
  await session.standIns.ask('failAws', isAwsFailing);
  const launches = prepared.map((launch, index) => spoil(launch, index, isAwsFailing));
  const { ca } = session.installed.files;
  const target = { urls: [provider.launchUrl], ca, connections: 16 };
  const { latenciesMs } = await session.load.ask('launch', { target, launches });
  await session.standIns.ask('failAws', false);
  await session.standIns.ask('takeCalls', undefined);
  assert.equal(latenciesMs.length, ROUND);
  const { residentMb, sockets } = readUsage(provider.pid);
  return { residentMb, sockets, latenciesMs };
}

function spoil(launch: LaunchQuestion, index: number, isAwsFailing: boolean): LaunchQuestion {
  if (index % 5 === 3) {
    const token = `${launch.token}x`;
    return { ...launch, token, refusal: { status: 401, code: 'invalid_token' } };
  }
  if (index % 5 === 4) {
    return { ...launch, signature: 'x', refusal: { status: 403, code: 'signature_mismatch' } };
  }
  return isAwsFailing ? { ...launch, refusal: { status: 502, code: 'aws_unavailable' } } : launch;
}

function figures(rounds: readonly Round[]): number[] {
  const { median: p50, p99 } = summarize(rounds.flatMap(({ latenciesMs }) => latenciesMs));
  return [
    median(rounds.map(({ residentMb }) => residentMb)),
    median(rounds.map(({ sockets }) => sockets)),
    p50,
    p99,
  ];
}

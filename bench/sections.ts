// The sections of the benchmark, by name.

import type { SectionReport } from './report.ts';
import { measureAdmission } from './sections/admission.ts';
import { measureImages } from './sections/images.ts';
import { measureLauncher } from './sections/launcher.ts';
import { measureProfile } from './sections/profile.ts';
import { measureScale } from './sections/scale.ts';
import { measureSecrets } from './sections/secrets.ts';
import { measureSoak } from './sections/soak.ts';
import { measureStart } from './sections/start.ts';
import { measureWorst } from './sections/worst.ts';

export type MeasureSection = (scale: { readonly isQuick: boolean }) => Promise<SectionReport>;

const sections = {
  start: measureStart,
  launcher: measureLauncher,
  secrets: measureSecrets,
  images: measureImages,
  scale: measureScale,
  worst: measureWorst,
  admission: measureAdmission,
  soak: measureSoak,
  profile: measureProfile,
} as const satisfies Record<string, MeasureSection>;

export type SectionName = keyof typeof sections;

/** Measured only where they are asked for by name: one needs a cluster, one ten minutes, and one explains the others. */
const byNameOnly: readonly string[] = ['admission', 'soak', 'profile'];

/** All but those, where none is named. Throws with the names there are. */
export function selectSections(wanted: readonly string[]): [SectionName, MeasureSection][] {
  const all = Object.entries(sections) as [SectionName, MeasureSection][];
  const names = all.map(([name]) => name as string);
  const unknown = wanted.filter((name) => !names.includes(name));
  if (unknown.length > 0) {
    throw new Error(`no such section: ${unknown.join(', ')}; there are ${names.join(', ')}`);
  }
  return wanted.length === 0
    ? all.filter(([name]) => !byNameOnly.includes(name))
    : all.filter(([name]) => wanted.includes(name));
}

// What Kyverno and the provider count themselves, since they started.

import { sumOfMetric } from '../provider/testing/metric-sum.ts';
import { kubectl } from './kubectl.ts';

/** How many Pods Kyverno has been asked about. */
export async function admissionsByKyverno(): Promise<number> {
  const path = '/api/v1/namespaces/kyverno/services/kyverno-svc-metrics:metrics-port/proxy/metrics';
  const text = await kubectl(['get', '--raw', path]);
  return sumOfMetric(text, 'kyverno_admission_requests_total', { resource_kind: 'Pod' });
}

/** How many requests all replicas of the provider have sent to registries. */
export async function registryCallsOfProvider(): Promise<number> {
  const selector = '--selector=app.kubernetes.io/name=piggy,app.kubernetes.io/component!=test';
  const args = ['get', 'pods', '--namespace=piggy-system', selector, '--output=name'];
  const pods = (await kubectl(args)).split('\n').map((name) => name.replace(/^pod\//, ''));
  const texts = await Promise.all(
    pods.map((pod) =>
      kubectl(['get', '--raw', `/api/v1/namespaces/piggy-system/pods/${pod}:9090/proxy/metrics`]),
    ),
  );
  return sumOfMetric(texts.join('\n'), 'piggy_registry_calls_total');
}

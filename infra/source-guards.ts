import type { Loader } from './settings.ts';
import type { KinesisSource } from './source-settings.ts';

/** A record of 4 MiB is 5.6 MB in base64; Lambda takes events of 6 MB. */
const LARGEST_KIB = 4096;

/** What in a loader's source would lose records, with the reason. */
export function sourceFaults({ source, alarms: { leastHoursLeft }, function: { reservedConcurrency } }: Loader): string[] {
  const faults = kinesisFaults(source, reservedConcurrency);
  if (leastHoursLeft >= source.retentionHours)
    faults.push(
      `alarms.leastHoursLeft: ${leastHoursLeft} is not below source.retentionHours (${source.retentionHours}); the alarm would never end`,
    );
  return faults;
}

function kinesisFaults(source: KinesisSource, reservedConcurrency: number | undefined): string[] {
  const faults: string[] = [];
  if (source.kind === 'kinesis' && source.maxRecordKiB > LARGEST_KIB)
    faults.push(
      `source.maxRecordKiB: ${source.maxRecordKiB}; above ${LARGEST_KIB} a record does not fit into an event of Lambda and would block its shard`,
    );
  if (source.outageBudgetHours >= source.retentionHours)
    faults.push(
      `source.outageBudgetHours: ${source.outageBudgetHours} is not below source.retentionHours (${source.retentionHours}); the stream would forget records before Doris is back`,
    );
  if (source.enhancedFanOut && source.kplProducers !== false)
    faults.push(
      'source.enhancedFanOut: needs source.kplProducers: false; over enhanced fan-out Lambda takes KPL aggregates apart and drops records without telling anybody',
    );
  if (source.kind === 'new-kinesis-stream' && reservedConcurrency !== undefined && reservedConcurrency < (source.shards ?? 4))
    faults.push(
      `function.reservedConcurrency: ${reservedConcurrency} is below the shards of the stream (${source.shards ?? '4 to begin with, on-demand'}); the others would wait`,
    );
  return faults;
}

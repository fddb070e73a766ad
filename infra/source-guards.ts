import { LARGEST_FIFO_BATCH } from './batch.ts';
import type { Loader } from './settings.ts';
import { type IggySource, type KinesisSource, retentionHoursOf } from './source-settings.ts';

/** A record of 4 MiB is 5.6 MB in base64; Lambda takes events of 6 MB. */
const LARGEST_KIB = 4096;

/** What in a loader's source would lose records, or what AWS would refuse, with the reason. */
export function sourceFaults(loader: Loader): string[] {
  const { source, alarms } = loader;
  const retentionHours = retentionHoursOf(source);
  const faults = source.kind === 'iggy' ? iggyFaults(loader, source) : kinesisFaults(source, loader.function.reservedConcurrency);
  if (source.outageBudgetHours >= retentionHours)
    faults.push(
      `source.outageBudgetHours: ${source.outageBudgetHours} is not below the retention (${retentionHours}); the source would forget records before Doris is back`,
    );
  if (alarms.leastHoursLeft >= retentionHours)
    faults.push(
      `alarms.leastHoursLeft: ${alarms.leastHoursLeft} is not below the retention (${retentionHours}); the alarm would never end`,
    );
  return faults;
}

function iggyFaults({ batch, function: { reservedConcurrency } }: Loader, source: IggySource): string[] {
  const faults: string[] = [];
  if (source.queue === 'fifo' && (batch.size ?? 0) > LARGEST_FIFO_BATCH)
    faults.push(`batch.size: ${batch.size}; Lambda takes ${LARGEST_FIFO_BATCH} messages of a FIFO queue at most`);
  if (source.queue === 'fifo' && batch.windowSeconds !== undefined)
    faults.push('batch.windowSeconds: Lambda knows no window for a FIFO queue; leave it out');
  if (reservedConcurrency !== undefined && reservedConcurrency < source.maximumConcurrency)
    faults.push(
      `function.reservedConcurrency: ${reservedConcurrency} is below source.maximumConcurrency (${source.maximumConcurrency}); messages would be received and thrown back`,
    );
  return faults;
}

function kinesisFaults(source: KinesisSource, reservedConcurrency: number | undefined): string[] {
  const faults: string[] = [];
  if (source.kind === 'kinesis' && source.maxRecordKiB > LARGEST_KIB)
    faults.push(
      `source.maxRecordKiB: ${source.maxRecordKiB}; above ${LARGEST_KIB} a record does not fit into an event of Lambda and would block its shard`,
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

import type { EngineOptions, ReadOptions, ReadResult } from '../../engine.ts';
import { readCsv } from '../csv/read.ts';
import type { Fatal, Tools } from '../json/document.ts';
import { readJson } from '../json/read.ts';
import type { Database } from '../store/database.ts';
import { openStage, type Stage } from '../store/stage.ts';
import type { Column, TableDefinition } from '../table/definition.ts';
import { pauseEveryFewMillis } from './pause.ts';
import { type LoadPlan, planLoad } from './plan.ts';
import { rowSink } from './sink.ts';

/** What a read leaves behind for the publish. */
export interface Staging {
  readonly table: TableDefinition;
  readonly rows: number;
  readonly stage: Stage;
  /** See {@link LoadPlan.sequence}. */
  readonly sequence?: Column;
}

/** Reads a whole body into a staging table. */
export async function readBody(
  database: Database,
  table: TableDefinition,
  options: ReadOptions,
  body: Buffer,
  { roundsJsonDecimals = false }: EngineOptions,
): Promise<Omit<ReadResult, 'staged'> & { readonly staging: Staging }> {
  const plan = planLoad(table, options);
  const stage = await openStage(await database.stagingConnection(), table.columns);
  try {
    const sink = rowSink(plan, stage.append);
    const fatal = await readRows(body, plan, { sink, pause: pauseEveryFewMillis(), roundsDecimals: roundsJsonDecimals });
    stage.finish();
    const { loadedRows, filteredRows, unselectedRows, errorLines } = sink.counts();
    const staging = { table, rows: loadedRows, stage, ...(plan.sequence && { sequence: plan.sequence }) };
    const totalRows = loadedRows + filteredRows + unselectedRows;
    return {
      staging,
      totalRows,
      loadedRows,
      filteredRows,
      unselectedRows,
      errorLines,
      stoppedEarly: sink.stopped(),
      ...(fatal && { fatal }),
    };
  } catch (error) {
    stage.finish();
    await stage.drop();
    throw error;
  }
}

async function readRows(body: Buffer, plan: LoadPlan, tools: Tools): Promise<Fatal> {
  if (plan.input.kind === 'json') return readJson(body, plan, plan.input, tools);
  await readCsv(body, plan, plan.input, tools);
  return undefined;
}

import { Controller } from '@nestjs/common';
import { Caller, type PilotPrincipal } from '../../auth/index.js';
import { type BodyOf, type ParamsOf, pilots } from '../../contract/index.js';
import { Handles, Input } from '../../platform/index.js';
import { LogRates } from './log-rates.js';
import { PilotLogs } from './pilot-logs.js';

/** The route by which pilots send their logs, chunk by chunk. */
@Controller()
export class LogChunksController {
  constructor(
    private readonly logs: PilotLogs,
    private readonly rates: LogRates,
  ) {}

  @Handles(pilots.log)
  async append(
    @Caller() pilot: PilotPrincipal,
    @Input(pilots.log) input: { params: ParamsOf<typeof pilots.log>; body: BodyOf<typeof pilots.log> },
  ): Promise<void> {
    const { text, last } = input.body;
    this.rates.count(pilot.stamp, text);
    await this.logs.append(pilot.stamp, input.params.number, text, last);
  }
}

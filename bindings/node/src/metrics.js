// Counters and timings, as Prometheus reads them.

import { errorSlot, output, sark, slot } from "./native.js";
import { check } from "./error.js";
import { create, Handle, pointer } from "./handle.js";

export class Metrics extends Handle {
  constructor() {
    super(create(sark.sark_metrics_new(null, slot, errorSlot)), sark.sark_metrics_free, sark.sark_metrics_close);
  }

  render() {
    check(sark.sark_metrics_render(pointer(this), output.pointer, errorSlot));
    return output.text();
  }
}

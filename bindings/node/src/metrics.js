// Counters and timings, as Prometheus reads them.

import { constants, errorSlot, output, sark, slot } from "./native.js";
import { check } from "./error.js";
import { create, Handle, pointer } from "./handle.js";
import { byteLength, text } from "./values.js";

export class Metrics extends Handle {
  constructor({ directory } = {}) {
    if (directory !== undefined) text("directory", directory);
    const status =
      directory === undefined
        ? sark.sark_metrics_new(null, slot, errorSlot)
        : sark.sark_metrics_new_shared(directory, byteLength(directory), null, slot, errorSlot);
    super(create(status), sark.sark_metrics_free, sark.sark_metrics_close);
  }

  render() {
    check(sark.sark_metrics_render(pointer(this), output.pointer, errorSlot));
    return output.text();
  }

  renderOpenMetrics() {
    check(sark.sark_metrics_render_as(pointer(this), constants.SARK_METRICS_OPENMETRICS, output.pointer, errorSlot));
    return output.text();
  }

  gather() {
    check(sark.sark_metrics_gather(pointer(this), output.pointer, errorSlot));
    return JSON.parse(output.text());
  }

  // prom-client has no collector of many families, so each one is a metric of its own. They share what one look gave for as long as the
  // scrape that asked first takes to ask all of them. A family that was not there before is registered then, for the next scrape.
  registerWith(registry) {
    const known = new Set();
    let families;
    const look = () => {
      if (families === undefined) {
        families = this.gather();
        setImmediate(() => (families = undefined));
      }
      for (const family of families.filter(({ name }) => !known.has(name))) {
        known.add(family.name);
        registry.registerMetric(new Family(family, look));
      }
      return families;
    };
    look();
  }
}

/** What prom-client takes for a metric. */
class Family {
  aggregator = "sum";
  #family;
  #look;

  // For OpenMetrics, a registry takes `_total` from the names of the counters that it has.
  constructor({ name, help, type }, look) {
    Object.assign(this, { name, help, type });
    this.#family = name;
    this.#look = look;
  }

  async get() {
    const { name, help, type, aggregator } = this;
    const family = this.#look().find((each) => each.name === this.#family);
    return { name, help, type, aggregator, values: (family?.samples ?? []).flatMap((sample) => valuesOf(family, sample)) };
  }

  // The counts are sark's, which never start again.
  reset() {}
}

function valuesOf({ name, labels: names }, { labels: given, value, buckets, count, sum }) {
  const labels = Object.fromEntries(names.map((label, at) => [label, given[at]]));
  if (buckets === undefined) return [{ labels, value }];
  const bounds = [...buckets, ["+Inf", count]];
  return [
    ...bounds.map(([le, upTo]) => ({ labels: { le, ...labels }, value: upTo, metricName: `${name}_bucket` })),
    { labels, value: sum, metricName: `${name}_sum` },
    { labels, value: count, metricName: `${name}_count` },
  ];
}

// Numbers and times as people read them.

const UNKNOWN = "–";
const known = (value) => typeof value === "number" && Number.isFinite(value);
const grouped = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** A count or a rate in at most five characters or so. */
export function count(value) {
  if (!known(value)) return UNKNOWN;
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size < 10) return value.toFixed(Number.isInteger(value) ? 0 : 1);
  if (size < 10_000) return grouped.format(value);
  for (const [limit, unit] of [[1e6, "k"], [1e9, "M"], [1e12, "G"]]) {
    if (size < limit) {
      const scaled = value / (limit / 1000);
      return `${scaled.toFixed(Math.abs(scaled) < 100 ? 1 : 0)} ${unit}`;
    }
  }
  return value.toExponential(1);
}

/** All digits. */
export const whole = (value) => (known(value) ? grouped.format(value) : UNKNOWN);

export function bytes(value) {
  if (!known(value)) return UNKNOWN;
  let scaled = value;
  for (const unit of ["B", "KiB", "MiB", "GiB"]) {
    if (Math.abs(scaled) < 1000 || unit === "GiB") {
      return `${unit === "B" || Math.abs(scaled) >= 100 ? Math.round(scaled) : scaled.toFixed(1)} ${unit}`;
    }
    scaled /= 1024;
  }
  return UNKNOWN;
}

/** Seconds as a handler takes them. */
export function seconds(value) {
  if (!known(value)) return UNKNOWN;
  if (value === 0) return "0";
  for (const [limit, factor, unit] of [[1e-3, 1e6, "µs"], [1, 1e3, "ms"], [Infinity, 1, "s"]]) {
    if (value < limit) {
      const scaled = value * factor;
      return `${scaled < 10 ? scaled.toFixed(1) : Math.round(scaled)} ${unit}`;
    }
  }
  return UNKNOWN;
}

export const percent = (value) => (known(value) ? `${(value * 100).toFixed(value < 0.0995 ? 1 : 0)} %` : UNKNOWN);

/** By the unit of a series. */
export function measured(value, unit) {
  if (unit === "bytes") return bytes(value);
  if (unit === "bytes per second") return known(value) ? `${bytes(value)}/s` : UNKNOWN;
  if (unit === "seconds") return seconds(value);
  if (unit === "cores") return percent(value);
  if (unit === "per second") return known(value) ? `${count(value)}/s` : UNKNOWN;
  return count(value);
}

/** How long something has lasted, in its largest unit. */
export function lasted(milliseconds) {
  const value = Math.max(0, milliseconds) / 1000;
  if (value < 60) return `${Math.floor(value)} s`;
  if (value < 3600) return `${Math.floor(value / 60)} min`;
  if (value < 48 * 3600) return `${Math.floor(value / 3600)} h`;
  return `${Math.floor(value / 86_400)} days`;
}

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const minutes = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });

const date = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
/** A day of some year. */
export const dated = (milliseconds) => date.format(milliseconds);

export const time = (milliseconds) => clock.format(milliseconds);
export const minute = (milliseconds) => minutes.format(milliseconds);
export function moment(milliseconds) {
  const today = new Date().toDateString() === new Date(milliseconds).toDateString();
  return today ? time(milliseconds) : `${day.format(milliseconds)} ${minute(milliseconds)}`;
}

export const plural = (number, one, many = `${one}s`) => `${whole(number)} ${number === 1 ? one : many}`;

// A choice of timezones begins with the one of this browser.

export function startTimezone(): void {
  const choice = document.querySelector<HTMLSelectElement>("[data-own-timezone]");
  if (!choice) return;
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if ([...choice.options].some((option) => option.value === own)) choice.value = own;
}

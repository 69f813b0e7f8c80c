/** One of a few things, as a row of buttons. */

export function Choice<T extends string>(props: {
  label: string;
  options: readonly (readonly [value: T, name: string])[];
  value: T;
  onValue: (value: T) => void;
}) {
  const { label, options, value, onValue } = props;
  return (
    <div class="choice" role="group" aria-label={label}>
      {options.map(([option, name]) => (
        <button key={option} type="button" class="quiet" aria-pressed={option === value} onClick={() => onValue(option)}>
          {name}
        </button>
      ))}
    </div>
  );
}

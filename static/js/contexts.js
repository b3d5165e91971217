/* Beside each weight of a kind of conversation: the share that it comes to. */

const group = document.querySelector("[data-weights]");

function show() {
  const cutOff = Number(group.dataset.cutOff);
  const inputs = [...group.querySelectorAll("input[data-weight]")];
  const weights = inputs.map((input) => Math.max(0, input.valueAsNumber || 0));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const shares = weights.map((weight) => (total ? (100 * weight) / total : 0));
  const kept = shares.reduce((sum, share) => sum + (share > cutOff ? share : 0), 0);
  inputs.forEach((input, index) => {
    const share = shares[index];
    const output = input.closest(".weight").querySelector("[data-share]");
    if (share === 0) {
      output.textContent = "";
    } else if (share <= cutOff) {
      output.textContent = `left out: ${round(share)} % is not above ${cutOff} %`;
    } else {
      output.textContent = `counts ${round((100 * share) / kept)} %`;
    }
  });
}

function round(number) {
  return Number(number.toPrecision(4));
}

if (group) {
  group.addEventListener("input", show);
  show();
}

// Show the deck, and draw only the figure of the slide that is shown: a browser has no more than 16 WebGL contexts.
const deck = new Reveal({hash: true, width: 1280, height: 760, margin: 0.03, center: false, transition: 'none',
                         pdfSeparateFragments: false, plugins: [RevealNotes]});
const printing = /print-pdf/.test(location.search);

async function draw(holder) {
  if (holder.querySelector('.live')) return;
  const figure = JSON.parse(holder.querySelector('script').textContent);
  const target = holder.appendChild(Object.assign(document.createElement('div'), {className: 'live'}));
  const size = {width: holder.clientWidth, height: holder.clientHeight, autosize: false};
  const config = {...figure.config, responsive: false, displaylogo: false, showSendToCloud: false, displayModeBar: false};
  await Plotly.newPlot(target, figure.data, {...figure.layout, ...size}, config);
  if (figure.frames.length) await Plotly.addFrames(target, figure.frames);
}

function erase(slide) {
  for (const plot of slide.querySelectorAll('.live')) { Plotly.purge(plot); plot.remove(); }
}

// On paper every slide is there at once, so each figure is drawn, made a picture, and given up before the next one.
async function drawOnPaper() {
  for (const holder of document.querySelectorAll('.plot')) {
    const {clientWidth: width, clientHeight: height} = holder;
    await draw(holder);
    const live = holder.querySelector('.live');
    const picture = Object.assign(new Image(width, height), {src: await Plotly.toImage(live, {format: 'png', width, height, scale: 2})});
    await picture.decode();
    erase(holder);
    holder.append(picture);
  }
  document.body.dataset.printable = 'yes';
}

// Formulas are measured while all slides are laid out: in a hidden one they would come out in the wrong size.
async function start() {
  document.body.classList.add('measuring');
  await document.fonts.ready;
  await MathJax.startup.promise;
  await MathJax.typesetPromise();
  document.body.classList.remove('measuring');
  const show = slide => slide.querySelectorAll('.plot').forEach(draw);
  deck.on('slidechanged', event => {
    if (printing) return;
    if (event.previousSlide) erase(event.previousSlide);
    show(event.currentSlide);
  });
  deck.on('pdf-ready', drawOnPaper);
  await deck.initialize();
  if (!printing) show(deck.getCurrentSlide());
}

start();

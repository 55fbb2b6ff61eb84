// The page's player and timeline; without it the HTML still shows all text.
"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  let data = JSON.parse($("data").textContent);
  document.documentElement.classList.add("js");
  if (!data.frames) return;

  let fps, last, lanes, scroll, ruler, playhead, waves;
  const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
  const all = (selector, inside = document) => [...inside.querySelectorAll(selector)];

  // ---- Frames as text ----------------------------------------------------------------------

  function label(frame) {
    let count = data.first + frame;
    const two = (value) => String(value).padStart(2, "0");
    if (data.counting === "seconds") {
      const seconds = count / fps;
      const minutes = Math.floor(seconds / 60);
      return `${minutes}:${(seconds - minutes * 60).toFixed(3).padStart(6, "0")}`;
    }
    const rate = Math.round(fps);
    count %= 86400 * rate;
    if (data.counting === "drop") {
      // Drop frame: skip two numbers (four at 60 fps) each minute, except every tenth.
      const dropped = (rate / 30) * 2;
      const tens = Math.floor(count / (rate * 600 - 9 * dropped));
      const rest = count % (rate * 600 - 9 * dropped);
      const minutes = Math.max(0, Math.floor((rest - dropped) / (rate * 60 - dropped)));
      count += 9 * dropped * tens + dropped * minutes;
    }
    const seconds = Math.floor(count / rate);
    const parts = [seconds / 3600, (seconds / 60) % 60, seconds % 60].map(Math.floor).map(two);
    return parts.join(":") + (data.counting === "drop" ? ";" : ":") + two(count % rate);
  }

  // ---- Items at a frame --------------------------------------------------------------------

  function indexAt(list, frame) {
    let low = 0;
    let high = list.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      if (list[middle].e <= frame) low = middle + 1;
      else if (list[middle].s > frame) high = middle - 1;
      else return middle;
    }
    return -1;
  }

  function thumbAt(frame) {
    for (const row of data.strips) {
      const block = row[indexAt(row, frame)];
      if (block) return block.t.reduce((best, one) => (one[0] <= frame ? one : best))[1];
    }
    return -1;
  }

  // ---- The picture: the reel, or the timeline's playlist ------------------------------------

  const screen = $("screen");
  const poster = $("poster");
  let reel = $("reel");
  let frame = 0;
  let speed = 0;
  let muted = false;

  const placed = (time) => (time + 0.5) / fps; // the middle of a frame, safe from the player's rounding

  // Play or seek a video so that it shows its second `place`; return whether it plays.
  function keepUp(element, place, pace) {
    const rate = pace * speed;
    const runs = speed > 0 && rate >= 0.1 && rate <= 8;
    if (runs) element.playbackRate = rate;
    const off = Math.abs(element.currentTime - place);
    if (off > (runs ? 0.15 : 0.4 / fps) && !element.seeking) element.currentTime = Math.max(0, place);
    if (runs && element.paused) element.play().catch(() => {});
    if (!runs && !element.paused) element.pause();
    return runs;
  }

  const parts = {
    pool: new Map(),
    sounds: new Map(),
    began: 0,
    from: 0,

    element(index) {
      const part = data.seen[index];
      if (!part || !part.u || part.failed || stage.at(part.s) >= 0) return null;
      let element = this.pool.get(index);
      if (!element) {
        element = document.createElement(part.m ? "video" : "img");
        element.hidden = true;
        if (part.m) {
          element.muted = true;
          element.playsInline = true;
          element.preload = "auto";
        } else element.alt = "";
        element.addEventListener("error", () => {
          const at = [...this.pool].find(([, one]) => one === element);
          element.remove();
          if (!at) return;
          data.seen[at[0]].failed = true;
          this.pool.delete(at[0]);
        });
        element.src = part.u;
        screen.insertBefore(element, poster.nextSibling);
        this.pool.set(index, element);
        if (this.pool.size > 4) this.drop(index);
      }
      return element;
    },

    drop(keep) {
      const far = [...this.pool.keys()].sort((a, b) => Math.abs(b - keep) - Math.abs(a - keep))[0];
      const element = this.pool.get(far);
      element.removeAttribute("src");
      element.remove();
      this.pool.delete(far);
    },

    // Keep the elements of files that are shown and heard as before.
    renew(seen, heard) {
      for (const [name, before, after] of [["pool", seen, data.seen], ["sounds", heard, data.heard]]) {
        const free = [...this[name]].map(([index, element]) => [before[index].u, element]);
        this[name] = new Map();
        after.forEach((part, index) => {
          const at = free.findIndex(([url]) => part.u && url === part.u);
          if (at >= 0) this[name].set(index, free.splice(at, 1)[0][1]);
        });
        for (const [, element] of free) {
          if (element.pause) element.pause();
          element.remove();
        }
      }
    },

    show() {
      const index = indexAt(data.seen, frame);
      const part = data.seen[index];
      const element = this.element(index);
      for (const [other, one] of this.pool) {
        one.hidden = other !== index;
        if (other !== index && one.pause) one.pause();
      }
      screen.style.backgroundColor = (part && part.c) || "";
      poster.hidden = Boolean(part && part.c);
      stage.show(true);
      if (!element || !part.m) return;
      const runs = keepUp(element, part.a + (frame + 0.5 - part.s) / fps * part.v, part.v);
      if (runs) this.element(index + 1);
    },

    hear() {
      const now = frame / fps;
      data.heard.forEach((sound, index) => {
        const on = speed > 0 && speed <= 2 && !muted && now >= sound.s && now < sound.e && sound.v > 0;
        let element = this.sounds.get(index);
        if (!on) {
          if (element && !element.paused) element.pause();
          return;
        }
        if (!element) {
          element = new Audio(sound.u);
          element.volume = sound.g;
          element.preload = "auto";
          this.sounds.set(index, element);
        }
        const place = sound.a + (now - sound.s) * sound.v;
        element.playbackRate = clamp(sound.v * speed, 0.25, 4);
        if (Math.abs(element.currentTime - place) > 0.2) element.currentTime = place;
        if (element.paused) element.play().catch(() => {});
      });
    },
  };

  // ---- The animatic: stills under their moves, drafts over them, then finished slots ---------

  const stage = {
    box: $("stage"),
    shots: new Map(),

    at(frame) {
      if (!this.box || !data.animatic) return -1;
      const found = indexAt(data.animatic.shots, frame);
      // In a transition, the outgoing shot.
      return found > 0 && data.animatic.shots[found - 1].e > frame ? found - 1 : found;
    },

    shot(index) {
      const shot = data.animatic.shots[index];
      let made = this.shots.get(index);
      if (!made) {
        const box = this.box.appendChild(document.createElement("div"));
        const images = shot.layers.map((layer) => {
          const image = box.appendChild(document.createElement("img"));
          image.className = layer.b ? "behind" : "";
          image.alt = "";
          image.addEventListener("load", () => speed || showPicture());
          image.src = layer.u;
          return image;
        });
        made = { box, images, video: null, url: "" };
        this.shots.set(index, made);
        for (const far of [...this.shots.keys()].filter((one) => Math.abs(one - index) > 2)) {
          this.shots.get(far).box.remove();
          this.shots.delete(far);
        }
      }
      if (made.url !== shot.v) this.load(made, shot);
      return made;
    },

    // Put a video over the stills, or over the video before it, once it has its picture.
    load(made, shot) {
      made.url = shot.v;
      if (!shot.v) return;
      const video = document.createElement("video");
      video.muted = video.playsInline = true;
      video.preload = "auto";
      video.src = shot.v;
      video.style.visibility = "hidden";
      made.box.append(video);
      video.addEventListener("loadeddata", () => keepUp(video, placed(frame - shot.s + shot.a), 1));
      video.addEventListener(
        "seeked",
        () => {
          if (made.url !== shot.v) return video.remove();
          if (made.video) made.video.remove();
          made.video = video;
          video.style.visibility = "";
          showPicture();
        },
        { once: true },
      );
    },

    // Keep the elements of shots that have the same stills; their video may be another one.
    renew(before) {
      const free = [...this.shots].map(([index, made]) => [before[index], made]);
      const same = (one, two) =>
        one.n === two.n && one.layers.map((x) => x.u).join() === two.layers.map((x) => x.u).join();
      this.shots = new Map();
      (data.animatic ? data.animatic.shots : []).forEach((shot, index) => {
        const at = free.findIndex(([old]) => same(old, shot));
        if (at < 0) return;
        const [old, made] = free.splice(at, 1)[0];
        if (made.video && (old.a - old.s !== shot.a - shot.s || !shot.v)) {
          made.video.remove(); // It shows other frames.
          Object.assign(made, { video: null, url: "" });
        }
        this.shots.set(index, made);
      });
      for (const [, made] of free) made.box.remove();
    },

    // Samples of `size` numbers each, `step` frames apart, joined by straight lines.
    sample(numbers, size, step, frame) {
      const count = numbers.length / size;
      const place = Math.min(frame / step, count - 1);
      const from = Math.floor(place);
      const to = Math.min(from + 1, count - 1);
      const share = place - from;
      const part = (at) => numbers.slice(at * size, at * size + size);
      const [one, two] = [part(from), part(to)];
      return one.map((value, n) => value + (two[n] - value) * share);
    },

    draw(index) {
      const shot = data.animatic.shots[index];
      const { box, images, video } = this.shot(index);
      const [wide, high] = [this.box.clientWidth, this.box.clientHeight];
      shot.layers.forEach((layer, n) => {
        const [a, b, c, d, e, f, g, h] = this.sample(layer.m, 8, shot.step, frame - shot.s);
        // CSS lists the columns of a 4x4 matrix.
        const columns = [
          a, (d * high) / wide, 0, g / wide, (b * wide) / high, e, 0, h / high,
          0, 0, 1, 0, c * wide, f * high, 0, 1,
        ];
        images[n].style.transform = `matrix3d(${columns.map((one) => one.toFixed(7)).join()})`;
        images[n].style.opacity = this.sample(layer.w, 1, shot.step, frame - shot.s)[0];
      });
      if (video) keepUp(video, placed(frame - shot.s + shot.a), 1);
      box.hidden = false;
      box.style.cssText = "";
      return box;
    },

    show(on) {
      const first = this.at(frame);
      if (!this.box) return;
      this.box.hidden = !on || first < 0;
      this.box.style.backgroundColor = "";
      if (this.box.hidden) {
        for (const { video } of this.shots.values()) if (video) video.pause();
        return;
      }
      const shown = [first, first + 1].filter((n) => {
        const shot = data.animatic.shots[n];
        return shot && shot.s <= frame && frame < shot.e;
      });
      for (const [n, { box, video }] of this.shots) {
        box.hidden = !shown.includes(n);
        if (box.hidden && video) video.pause();
      }
      const boxes = shown.map((n) => this.draw(n));
      // Until the first still is there, the poster below is seen.
      const there = this.shots.get(first).images.every((image) => image.complete);
      this.box.classList.toggle("bare", !there);
      const into = boxes[1] && data.animatic.shots[shown[1]].into;
      if (into) this.blend(into.k, (frame - into.s + 0.5) / into.n, boxes);
      if (data.animatic.shots[first + 1]) this.shot(first + 1).box.hidden = boxes.length < 2;
    },

    blend(kind, done, [from, to]) {
      const left = `${(1 - done) * 100}%`;
      const wipes = { left: `0 0 0 ${left}`, right: `0 ${left} 0 0`, up: `${left} 0 0 0`, down: `0 0 ${left} 0` };
      const ways = { left: [1, 0], right: [-1, 0], up: [0, 1], down: [0, -1] };
      const [name, way] = kind.split("_");
      if (name === "wipe" && wipes[way]) to.style.clipPath = `inset(${wipes[way]})`;
      else if (name === "slide" && ways[way]) {
        const [x, y] = ways[way];
        from.style.transform = `translate(${-x * done * 100}%, ${-y * done * 100}%)`;
        to.style.transform = `translate(${x * (1 - done) * 100}%, ${y * (1 - done) * 100}%)`;
      } else if (kind === "circle_open") to.style.clipPath = `circle(${done * 100}% at 50% 50%)`;
      else if (kind === "fade_black" || kind === "fade_white") {
        this.box.style.backgroundColor = kind.slice(5);
        from.style.opacity = Math.max(0, 1 - 2 * done);
        to.style.opacity = Math.max(0, 2 * done - 1);
      } else to.style.opacity = done;
    },

    say(cue) {
      const box = $("cue");
      if (!box) return;
      box.hidden = !cue || Boolean(reel);
      if (box.hidden) return;
      const words = data.words.filter((word) => word.s < cue.e && word.e > cue.s);
      box.replaceChildren(
        ...words.map((word) => {
          const one = document.createElement(word.s <= frame && frame < word.e ? "b" : "span");
          one.textContent = `${word.t} `;
          return one;
        }),
      );
      if (!words.length) box.textContent = cue.t;
    },
  };

  function showPicture() {
    const thumb = thumbAt(frame);
    poster.className = `poster t${thumb}`;
    $("absent").hidden = thumb >= 0 || Boolean(reel);
    if (!reel) {
      parts.show();
      parts.hear();
    } else if (speed <= 0 && !reel.seeking && Math.floor(reel.currentTime * fps) !== frame) {
      reel.currentTime = placed(frame);
    }
  }

  function withoutReel() {
    if (!reel) return;
    reel.remove();
    reel = null;
    showPicture();
  }
  function adopt(video) {
    video.removeAttribute("controls");
    video.addEventListener("error", () => video === reel && withoutReel());
    // A seek requested during another one.
    video.addEventListener("seeked", () => speed <= 0 && video === reel && showPicture());
    video.addEventListener("ended", () => video === reel && play(0));
    video.addEventListener("click", () => play(speed ? 0 : 1));
  }
  if (reel) {
    adopt(reel);
    if (reel.error) withoutReel();
  }

  // Show a new reel once its picture is there, at the same frame and speed.
  function changeReel(video) {
    const url = video && video.getAttribute("src");
    if (reel && reel.getAttribute("src") === url) return;
    if (!video) return withoutReel();
    for (const other of all("video.next", screen)) other.remove();
    video.classList.add("next");
    video.preload = "auto";
    adopt(video);
    screen.insertBefore(video, poster.nextSibling);
    video.addEventListener("loadeddata", () => (video.currentTime = placed(frame)), { once: true });
    video.addEventListener(
      "seeked",
      () => {
        if (!video.isConnected) return;
        const running = speed;
        if (running) play(0);
        if (reel) reel.remove();
        for (const element of [...parts.pool.values(), ...parts.sounds.values()]) {
          if (element.pause) element.pause();
          element.hidden = true;
        }
        video.classList.remove("next");
        reel = video;
        reel.muted = muted;
        stage.show(false);
        if (running) play(running);
        else show();
      },
      { once: true },
    );
  }

  // ---- Playing -----------------------------------------------------------------------------

  const playButton = $("play");
  let ticked = 0;

  function play(wanted) {
    if (wanted > 0 && frame >= last) go(0);
    speed = wanted;
    playButton.classList.toggle("playing", speed !== 0);
    playButton.setAttribute("aria-label", speed ? "Pause" : "Play");
    $("speed").textContent = speed && speed !== 1 ? `${speed}×` : "";
    if (reel) {
      if (speed > 0) {
        if (Math.floor(reel.currentTime * fps) !== frame) reel.currentTime = placed(frame);
        reel.playbackRate = speed;
        reel.play().catch(() => play(0));
      } else reel.pause();
    }
    ticked = performance.now();
    if (speed) requestAnimationFrame(tick);
    else show();
  }

  let exact = 0;
  function tick(now) {
    if (!speed) return;
    if (reel && speed > 0) {
      if (!reel.seeking) exact = reel.currentTime * fps;
    } else exact += (Math.max(0, now - ticked) / 1000) * fps * speed;
    ticked = Math.max(ticked, now); // A frame of the screen may have begun before the click.
    if (exact >= data.frames || exact < 0) {
      frame = clamp(Math.floor(exact), 0, last);
      play(0);
      return;
    }
    const next = Math.floor(exact + 1e-4);
    if (next !== frame) {
      frame = next;
      show();
      follow();
    }
    requestAnimationFrame(tick);
  }

  function go(wanted) {
    frame = clamp(Math.round(wanted), 0, last);
    exact = frame;
    if (reel && speed > 0) reel.currentTime = placed(frame);
    show();
  }

  function step(by) {
    if (speed) play(0);
    go(frame + by);
    follow();
  }

  function toCut(direction) {
    const cuts = direction > 0 ? data.cuts : [...data.cuts].reverse();
    const found = cuts.find((cut) => (direction > 0 ? cut > frame : cut < frame));
    go(found === undefined ? (direction > 0 ? last : 0) : found);
    const here = all(".picture .block").find((block) => Number(block.dataset.s) === frame);
    if (here) select(here.id);
    follow();
  }

  function show() {
    const text = label(frame);
    $("timecode").textContent = text;
    $("frame").textContent = `frame ${frame} of ${data.frames}`;
    ruler.setAttribute("aria-valuenow", frame);
    ruler.setAttribute("aria-valuetext", text);
    playhead.style.transform = `translateX(${frame * px()}px)`;
    const cue = data.captions[indexAt(data.captions, frame + 0.5)];
    $("says").textContent = cue ? cue.t : "";
    stage.say(cue);
    showPicture();
  }

  // ---- The timeline: zoom, scroll and drawing -----------------------------------------------

  const head = () => ruler.previousElementSibling.offsetWidth;
  const room = () => scroll.clientWidth - head();
  const fit = () => room() / data.frames;
  const widest = () => Math.max(fit(), Math.min(32, 8e6 / data.frames));
  let zoom = 0; // pixels a frame; 0 fits the window
  const px = () => zoom || fit();

  function setZoom(wanted, at = frame) {
    const offset = at * px() - scroll.scrollLeft;
    const wider = clamp(wanted, fit(), widest());
    zoom = wider <= fit() * 1.001 ? 0 : wider;
    if (zoom) lanes.style.setProperty("--px", `${zoom}px`);
    else lanes.style.removeProperty("--px");
    const kept = offset >= 0 && offset <= room() ? offset : room() / 2;
    scroll.scrollLeft = at * px() - kept;
    drawn();
  }

  function drawn() {
    lanes.classList.toggle("near", px() * fps > 90);
    lanes.classList.toggle("dense", (px() * data.frames) / (data.cuts.length + 1) < 20);
    const range = Math.log(widest() / fit()) || 1;
    $("zoom").value = String(Math.round((Math.log(px() / fit()) / range) * 100));
    playhead.style.transform = `translateX(${frame * px()}px)`;
    draw();
  }

  function follow() {
    const place = frame * px() - scroll.scrollLeft;
    if (place < 0 || place > room() - 8) scroll.scrollLeft = frame * px() - room() * 0.1;
  }

  function sheet(canvas) {
    const scale = window.devicePixelRatio || 1;
    const [width, height] = [room(), canvas.parentElement.clientHeight];
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    canvas.width = width * scale;
    canvas.height = height * scale;
    const pen = canvas.getContext("2d");
    pen.scale(scale, scale);
    return [pen, width, height, getComputedStyle(canvas)];
  }

  function ticks() {
    const second = Math.round(fps);
    const steps = [1, 2, 4, 6, 12].filter((one) => one < second && second % one === 0);
    for (const one of [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600]) steps.push(one * second);
    const wide = steps.find((one) => one * px() >= 104) || steps[steps.length - 1];
    const narrow = steps.find((one) => one * px() >= 7 && wide % one === 0) || wide;
    return [wide, narrow];
  }

  function drawRuler() {
    const [pen, width, height, style] = sheet(ruler.querySelector("canvas"));
    const [wide, narrow] = ticks();
    const left = scroll.scrollLeft;
    pen.fillStyle = style.color;
    pen.font = `11px ${style.fontFamily}`;
    pen.textBaseline = "top";
    const first = Math.floor(left / px() / narrow) * narrow;
    for (let at = first; at * px() - left < width; at += narrow) {
      const x = Math.round(at * px() - left);
      const long = at % wide === 0;
      pen.globalAlpha = long ? 0.7 : 0.3;
      pen.fillRect(x, long ? 3 : height - 6, 1, height);
      pen.globalAlpha = 0.9;
      if (long && at * px() + 90 < data.frames * px()) pen.fillText(label(at), x + 4, 4);
    }
  }

  function wave(canvas) {
    const bytes = atob(data.peaks[Number(canvas.dataset.row)]);
    return [canvas, Uint8Array.from(bytes, (one) => one.charCodeAt(0))];
  }

  function drawWave(canvas, peaks) {
    const [pen, width, height, style] = sheet(canvas);
    pen.fillStyle = style.color;
    pen.globalAlpha = 0.85;
    const each = data.peaksPerS / fps / px(); // peaks a pixel
    const [top, full] = [18, height - 22];
    for (let x = 0; x < width; x += 1) {
      const from = Math.floor((scroll.scrollLeft + x) * each);
      const to = Math.max(from + 1, Math.floor((scroll.scrollLeft + x + 1) * each));
      let high = 0;
      for (let at = from; at < to && at < peaks.length; at += 1) high = Math.max(high, peaks[at]);
      if (!high) continue;
      const tall = Math.max(1, (high / 255) * full);
      pen.fillRect(x, top + (full - tall) / 2, 1, tall);
    }
  }

  let asked = false;
  function draw() {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      drawRuler();
      for (const [canvas, peaks] of waves) drawWave(canvas, peaks);
    });
  }

  // ---- The panel and the table -------------------------------------------------------------

  function select(id) {
    for (const one of all(".selected")) one.classList.remove("selected");
    for (const one of [$(id), $(`d-${id}`), $(`t-${id}`)]) if (one) one.classList.add("selected");
    for (const block of all(".block")) block.setAttribute("aria-pressed", String(block.id === id));
    $("panel").scrollTop = 0;
    $("hint").hidden = true;
    const name = $(id).dataset.name || "";
    document.dispatchEvent(new CustomEvent("otio-select", { detail: name }));
  }

  function open(id) {
    const block = $(id);
    if (!block) return;
    select(id);
    go(Number(block.dataset.s));
    follow();
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#d-"]');
    if (link) {
      event.preventDefault();
      open(link.getAttribute("href").slice(3));
    }
    // After a click the player gets the keys again.
    const button = event.target.closest("button");
    if (button && event.detail > 0) button.blur();
  });

  const frameAt = (event) =>
    Math.floor((event.clientX - scroll.getBoundingClientRect().left - head() + scroll.scrollLeft) / px());

  // Read the data and the elements that a live page replaces.
  function bind() {
    data = JSON.parse($("data").textContent);
    fps = data.fps[0] / data.fps[1];
    last = data.frames - 1;
    [lanes, scroll, ruler, playhead] = ["lanes", "scroll", "ruler", "playhead"].map($);
    waves = all("canvas.wave").map(wave);
    scroll.addEventListener("click", (event) => {
      if (event.target.closest(".head, .ruler")) return;
      const block = event.target.closest(".block");
      if (block) select(block.id);
      if (event.detail > 0) go(frameAt(event));
      else if (block) go(Number(block.dataset.s));
    });
    ruler.addEventListener("pointerdown", (event) => {
      ruler.setPointerCapture(event.pointerId);
      go(frameAt(event));
    });
    ruler.addEventListener("pointermove", (event) => {
      if (ruler.hasPointerCapture(event.pointerId)) go(frameAt(event));
    });
    scroll.addEventListener("scroll", draw, { passive: true });
    scroll.addEventListener(
      "wheel",
      (event) => {
        if (!event.ctrlKey && !event.metaKey) return;
        event.preventDefault();
        setZoom(px() * Math.exp(-event.deltaY * 0.004), frameAt(event));
      },
      { passive: false },
    );
    const filter = $("filter");
    filter.addEventListener("input", () => {
      const wanted = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const row of all("#slots tbody tr")) {
        const text = row.textContent.toLowerCase();
        const found = wanted.every((word) => text.includes(word));
        row.hidden = !found;
        const block = $(row.id.slice(2));
        if (block) block.classList.toggle("dim", !found);
      }
    });
    $("copy").addEventListener("click", async () => {
      const rows = all("#slots tr").filter((row) => !row.hidden);
      const cell = (one) => one.textContent.trim().replace(/\s+/g, " ");
      const text = rows.map((row) => [...row.cells].map(cell).join("\t")).join("\n");
      let said = "Copied";
      try {
        await navigator.clipboard.writeText(text);
      } catch {
        // Without access to the clipboard, select the text instead.
        window.getSelection().selectAllChildren($("slots"));
        said = "Selected";
      }
      $("copy").textContent = said;
      setTimeout(() => ($("copy").textContent = "Copy table"), 1500);
    });
    for (const name of ["out", "in", "fit"]) $(name).addEventListener("click", actions[name]);
    $("zoom").addEventListener("input", (event) => {
      setZoom(fit() * Math.exp((Number(event.target.value) / 100) * Math.log(widest() / fit())));
    });
  }
  window.addEventListener("resize", drawn);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);

  // ---- Buttons and keys --------------------------------------------------------------------

  const faster = (sign) => play(speed * sign > 0 ? clamp(speed * 2, -8, 8) : sign);
  const actions = {
    play: () => play(speed ? 0 : 1),
    back: () => step(-1),
    on: () => step(1),
    previous: () => toCut(-1),
    next: () => toCut(1),
    out: () => setZoom(px() / 1.6),
    in: () => setZoom(px() * 1.6),
    fit: () => setZoom(0),
    sound: () => {
      muted = !muted;
      if (reel) reel.muted = muted;
      $("sound").setAttribute("aria-pressed", String(muted));
      showPicture();
    },
  };
  for (const name of ["play", "back", "on", "previous", "next", "sound"]) {
    $(name).addEventListener("click", actions[name]);
  }

  const keys = {
    " ": actions.play, k: () => play(0), j: () => faster(-1), l: () => faster(1),
    ArrowLeft: actions.back, ArrowRight: actions.on,
    ArrowUp: actions.previous, ArrowDown: actions.next,
    Home: () => { go(0); follow(); }, End: () => { go(last); follow(); },
    "+": actions.in, "=": actions.in, "-": actions.out, f: actions.fit, m: actions.sound,
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const field = event.target.closest("input, textarea, select, summary, a[href], .panel, .tables");
    const onButton = event.target.closest("button:not(.block)");
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (field || !keys[key] || (onButton && key === " ")) return;
    event.preventDefault();
    if (event.shiftKey && key === "ArrowLeft") step(-Math.round(fps));
    else if (event.shiftKey && key === "ArrowRight") step(Math.round(fps));
    else keys[key]();
  });

  // Select the block of a name, else the first picture.
  function begin(name) {
    const lowest = all(".picture").pop();
    const named = all(".block").find((block) => block.dataset.name === name);
    const block = named || (lowest && lowest.querySelector(".block"));
    if (block) select(block.id);
  }

  // Take over another version of this page; the playhead, the zoom and the selection stay.
  function update(fresh) {
    const selected = document.querySelector(".block.selected");
    const [left, wanted] = [scroll.scrollLeft, $("filter").value];
    const { seen, heard, animatic } = data;
    for (const part of [".top", ".timeline", ".panel", ".tables", "#data", "style", "title"]) {
      document.querySelector(part).replaceWith(fresh.querySelector(part));
    }
    for (const old of all(".notes")) old.remove();
    const notes = fresh.querySelector(".notes");
    if (notes) document.querySelector(".top").after(notes);
    bind();
    if (zoom) lanes.style.setProperty("--px", `${zoom}px`);
    parts.renew(seen, heard);
    stage.renew(animatic ? animatic.shots : []);
    $("filter").value = wanted;
    if (wanted) $("filter").dispatchEvent(new Event("input"));
    begin(selected && selected.dataset.name);
    scroll.scrollLeft = left;
    changeReel(fresh.getElementById("reel"));
    frame = Math.min(frame, last);
    exact = Math.min(exact, data.frames - 1);
    show();
    drawn();
  }
  document.addEventListener("otio-update", (event) => update(event.detail));

  bind();
  begin();
  show();
  drawn();
})();

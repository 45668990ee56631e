"""A browser opens reports at three widths, in light and dark: no errors, no sideways scroll, accessible."""

import io
import shutil
from pathlib import Path

import matplotlib.image
import numpy as np
import pandas as pd
import pytest
from tables import wide

from tabgen.report import write_report
from tabgen.tables import read_table

ROOT = Path(__file__).parents[1]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
SWITCHES = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --hide-scrollbars "
    "--disable-background-networking --disable-component-update --disable-sync"
)
WIDTHS = (320, 800, 1600)
MODES = ("light", "dark")

selenium = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER), reason="Chromium or chromedriver is not installed (Debian: chromium-driver)"
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    options = selenium.ChromeOptions()
    options.binary_location = CHROMIUM
    for switch in SWITCHES.split():
        options.add_argument(switch)
    options.add_argument(f"--user-data-dir={tmp_path_factory.mktemp('chromium')}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = selenium.Chrome(options, selenium.ChromeService(DRIVER))
    yield driver
    driver.quit()


def _customers():
    """Return real, synthetic and held-out customers: some columns of the synthetic ones are shuffled."""
    table = read_table(ROOT / "sample_data" / "customers.csv").frame.sample(1_000, random_state=0)
    real, held_out = table.head(600), table.tail(400)
    synthetic = real.sample(frac=1, replace=True, random_state=1).reset_index(drop=True)
    for name in ("income", "spend", "last_visit", "channel"):
        synthetic[name] = synthetic[name].sample(frac=1, random_state=2).to_numpy()
    return real, synthetic, held_out


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Return a maker of reports, each made once."""
    folder = tmp_path_factory.mktemp("pages")

    def make(name):
        path = folder / f"{name}.html"
        if not path.exists() and name == "customers":
            real, synthetic, held_out = _customers()
            epochs = np.arange(1.0, 13)
            losses = {"loss": 9 / epochs, "val_loss": 10 / epochs, "learning_rate": 0.002}
            history = pd.DataFrame({"stage": "vae", "epoch": epochs, **losses})
            write_report(real, synthetic, path, holdout=held_out, target="churn", history=history)
        elif not path.exists():
            write_report(wide(150, 0), wide(150, 1), path)
        return path.as_uri()

    return make


def _show(browser, page, width, mode):
    look = {"features": [{"name": "prefers-color-scheme", "value": mode}]}
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", look)
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get(page)


def _unfold(browser):
    browser.execute_script("document.querySelectorAll('details').forEach(part => part.open = true)")


def _sideways(browser):
    """Return by how many pixels the page is wider than the window."""
    return browser.execute_script(
        "const page = document.documentElement; return page.scrollWidth - page.clientWidth"
    )


@pytest.mark.parametrize("name", ["customers", pytest.param("sixty columns", marks=pytest.mark.slow)])
def test_a_report_fits_and_runs_without_errors(browser, pages, name):
    faults = {}
    for width in WIDTHS:
        for mode in MODES:
            _show(browser, pages(name), width, mode)
            folded = _sideways(browser)
            _unfold(browser)
            broken = browser.execute_script(
                "return [...document.images].filter(image => !image.naturalWidth).map(image => image.alt)"
            )
            found = [folded, _sideways(browser), broken, browser.get_log("browser")]
            if found != [0, 0, [], []]:
                faults[width, mode] = found
    assert faults == {}


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed (npm install --no-save axe-core)")
@pytest.mark.parametrize("name", ["customers", pytest.param("sixty columns", marks=pytest.mark.slow)])
def test_a_report_has_no_serious_barrier(browser, pages, name):
    faults = {}
    for width in WIDTHS:
        for mode in MODES:
            _show(browser, pages(name), width, mode)
            _unfold(browser)
            browser.execute_script(AXE.read_text())
            found = browser.execute_async_script(
                "const done = arguments[0];"
                "axe.run().then(found => done(found.violations.map(v => [v.id, v.impact, v.nodes[0].html])))"
            )
            serious = [fault for fault in found if fault[1] in ("serious", "critical")]
            if serious:
                faults[width, mode] = serious
    assert faults == {}


@pytest.mark.parametrize("mode", MODES)
def test_pictures_are_readable_in_both_modes(browser, pages, mode):
    _show(browser, pages("customers"), 800, mode)
    image = browser.find_element("css selector", "article img")
    pixels = matplotlib.image.imread(io.BytesIO(image.screenshot_as_png))[..., :3]
    paper = pixels[1, 1].mean()
    ink = pixels.mean(axis=2)
    assert (paper > 0.9) == (mode == "light")
    assert (ink < 0.4).any() if mode == "light" else (ink > 0.8).any()
    assert np.abs(ink - paper).max() > 0.6


def test_the_keyboard_reaches_everything(browser, pages):
    _show(browser, pages("customers"), 800, "light")
    keys = pytest.importorskip("selenium.webdriver.common.keys").Keys
    focus = browser.switch_to.active_element
    focus.send_keys(keys.TAB)
    assert browser.switch_to.active_element.get_attribute("class") == "skip"
    summary = browser.find_element("css selector", "#all-columns summary")
    summary.send_keys(keys.ENTER)
    assert browser.find_element("id", "all-columns").get_attribute("open") == "true"


def test_nothing_is_fetched(browser, pages):
    _show(browser, pages("customers"), 800, "light")
    names = browser.execute_script("return performance.getEntriesByType('resource').map(entry => entry.name)")
    assert [name for name in names if not name.startswith("data:")] == []

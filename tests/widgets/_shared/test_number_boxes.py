"""Numbers are typed with a point or a comma, whatever the locale of the computer."""

from __future__ import annotations

import pytest
from napari.components import ViewerModel
from pydantic import Field
from qtpy.QtCore import QLocale, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QLineEdit

from napari_cellid.config import Config
from napari_cellid.widgets._shared.settings_form import SettingsForm
from napari_cellid.widgets.identify.channel_selector import ChannelSelector

LOCALES = {
    "C": QLocale.c(),
    "English": QLocale(QLocale.Language.English),
    "German": QLocale(QLocale.Language.German),
    "French": QLocale(QLocale.Language.French),
    "Arabic": QLocale(QLocale.Language.Arabic, QLocale.Country.Egypt),
}


class Numbers(Config):
    """A number of each kind."""

    size: float = Field(2.0, gt=0, le=5000)
    share: float = Field(0.5, ge=0, le=1)
    rate: float = Field(1e-4, gt=0, le=1)
    side: int = Field(192, ge=32, le=4096)


@pytest.fixture(params=LOCALES)
def locale(request):
    """A locale of the computer."""
    before = QLocale()
    QLocale.setDefault(LOCALES[request.param])
    yield request.param
    QLocale.setDefault(before)


@pytest.fixture
def form(locale, qtbot):
    """A form with a number of each kind."""
    form = SettingsForm(Numbers)
    qtbot.addWidget(form)
    with qtbot.waitExposed(form):
        form.show()
    return form


def type_number(editor, text):
    """Select what a field shows, type instead, and leave the field."""
    line = editor.findChild(QLineEdit)
    line.setFocus()
    line.selectAll()
    QTest.keyClick(line, Qt.Key.Key_Delete)
    QTest.keyClicks(line, text)
    shown = line.text()
    QTest.keyClick(line, Qt.Key.Key_Return)
    return shown


@pytest.mark.parametrize("text", ["1.17", "1,17"])
def test_point_and_comma_in_a_form(form, text):
    type_number(form.editor("size"), text)
    assert form.values()["size"] == pytest.approx(1.17)


@pytest.mark.parametrize("text", ["1.17", "1,17"])
def test_point_and_comma_in_the_pixel_size(locale, qtbot, text):
    selector = ChannelSelector(ViewerModel())
    qtbot.addWidget(selector)
    selector.show()
    type_number(selector.pixel_size.spin, text)
    assert selector.value().pixel_size_um == pytest.approx(1.17)
    assert selector.pixel_size.spin.text() == "1.17"


@pytest.mark.parametrize("text", ["0.655", "0,655"])
def test_point_and_comma_beside_a_slider(form, text):
    type_number(form.editor("share"), text)
    assert form.values()["share"] == pytest.approx(0.655)


@pytest.mark.parametrize("text", ["0.00025", "0,00025", "2.5e-4"])
def test_a_small_rate(form, text):
    type_number(form.editor("rate"), text)
    assert form.values()["rate"] == pytest.approx(0.00025)
    assert form.editor("rate").text() == "0.00025"


@pytest.mark.parametrize("text", ["1,234.5", "1.234,5", "1 234", "6000", "-1", ""])
def test_what_is_no_number_in_the_range_changes_nothing(form, text):
    """No digit or separator that is typed is dropped, for another number would stay."""
    form.setValue(Numbers(size=7.5))
    shown = type_number(form.editor("size"), text)
    assert shown.replace(",", ".") == text.replace(",", ".")
    QApplication.processEvents()
    assert form.editor("size").text() == "7.5"
    assert form.values()["size"] == 7.5


@pytest.mark.parametrize("text", ["1.17", "1,17", "1,000", "1.000", "5000"])
def test_a_whole_number_has_no_separators(form, text):
    type_number(form.editor("side"), text)
    assert form.editor("side").text() == "192"


def test_a_whole_number_is_typed_digit_by_digit(form):
    type_number(form.editor("side"), "128")
    assert form.values()["side"] == 128


@pytest.mark.parametrize("text", ["3", "0.5.5", "-1"])
def test_beside_a_slider_only_a_number_in_its_range_counts(form, text):
    type_number(form.editor("share"), text)
    assert form.values()["share"] == 0.5
    assert form.editor("share").number.text() == "0.5"


def test_the_slider_moves_in_steps(form):
    slider = form.editor("share").slider
    QTest.keyClick(slider, Qt.Key.Key_Right)
    assert form.values()["share"] == 0.51
    QTest.keyClick(slider, Qt.Key.Key_PageDown)
    assert form.values()["share"] == 0.41
    QTest.keyClick(slider, Qt.Key.Key_End)
    assert form.values()["share"] == 1
    left = slider.rect().center()
    left.setX(left.x() // 2)
    QTest.mouseClick(slider, Qt.MouseButton.LeftButton, pos=left)
    share = form.values()["share"]
    assert 0 < share < 0.5
    assert share == round(share, 2)

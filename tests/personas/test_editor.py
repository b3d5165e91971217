"""The editor's page and its whole form, as a browser without scripts sends it."""

import io
import json
import re
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from core.models import AuditEntry
from core.roles import Role
from personas import policy
from personas.domain.dialects import read_prompt_file
from personas.domain.sheets import CharacterSheet, FrameworkSheet
from personas.forms.drafts import CharacterForm, FrameworkForm
from personas.models import Character, Framework, Picture
from personas.services import drafts, pictures, publishing
from tests.clients import client_as, client_of
from tests.core.form_browser import controls, submitted
from tests.factories import NOW, make_character, make_framework, make_person, sheet_of

pytestmark = pytest.mark.django_db

CAST = Path(__file__).parents[2] / "personas" / "sample_cast"
SAMPLES = sorted((CAST / "characters").glob("*.json"))
FRAMEWORKS = sorted((CAST / "frameworks").glob("*.json"))


def png(colour="red", size=(8, 8)) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, "PNG")
    return file.getvalue()


def parsed(path):
    return read_prompt_file(path.read_bytes(), stem=path.stem, read_text=lambda _: None)


def address(obj):
    kind = obj._meta.model_name
    return reverse(f"personas:{kind}-edit", args=[getattr(obj, f"{kind}_id")])


def fill(client, url, **changes):
    """What a browser sends of the page's form, with some controls changed."""
    data = dict(submitted(client.get(url).content.decode()).lists())
    return data | {name.replace("__", "."): value for name, value in changes.items()}


@pytest.fixture
def ana():
    return make_person(Role.CURATOR, username="ana")


@pytest.fixture
def curator(ana):
    return client_of(ana)


class TestRoundTrip:
    def test_every_field_of_the_sheet_is_in_the_form(self):
        for form in (CharacterForm, FrameworkForm):
            listed = [name for part in form.parts for name in part.names]

            assert sorted(listed) == sorted(form.sheet_class.model_fields)

    @pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
    def test_a_character_left_alone_stays_as_it_is(self, curator, path):
        make_framework("neuro")
        sheet = parsed(path).sheet
        make_framework(sheet.framework_id) if sheet.framework_id != "neuro" else None
        drafts.create_character(character_id="it", sheet=sheet, actor=None, now=NOW)
        character = Character.objects.get(character_id="it")

        response = curator.post(address(character), fill(curator, address(character)))

        assert response.url == address(character)
        assert sheet_of("it") == sheet
        assert Character.objects.get(pk=character.pk).revision == 1

    @pytest.mark.parametrize("path", FRAMEWORKS, ids=lambda path: path.stem)
    def test_a_framework_left_alone_stays_as_it_is(self, curator, path):
        sheet = parsed(path).sheet
        framework = drafts.create_framework(
            framework_id="it", sheet=sheet, actor=None, now=NOW
        )

        response = curator.post(address(framework), fill(curator, address(framework)))

        assert response.url == address(framework)
        framework.refresh_from_db()
        assert framework.revision == 1
        assert framework.to_sheet() == sheet

    def test_what_is_typed_is_saved(self, curator, ana):
        ada = make_character(description="Old.")
        data = fill(
            curator,
            address(ada),
            description="New {{user}} {x} <b>",
            identity__personality="Curious.\r\nBrave.",
            aliases="Countess\r\nthe countess of numbers",
            model__temperature="0.9",
        )

        curator.post(address(ada), data)

        sheet = sheet_of("ada")
        assert sheet.description == "New {{user}} {x} <b>"
        assert sheet.identity.personality == "Curious.\nBrave."
        assert sheet.aliases == ["Countess", "the countess of numbers"]
        assert sheet.model.temperature == 0.9
        assert Character.objects.get().revision == 2
        assert AuditEntry.objects.get(action="character.edited").actor == ana

    def test_nested_fields_can_be_written_as_json(self, curator):
        ada = make_character()
        quirks = [{"kind": "habits", "items": ["counts"]}]
        data = fill(curator, address(ada))
        data["quirks__as_json"] = "1"
        data["quirks__json"] = json.dumps(quirks)

        curator.post(address(ada), data)

        dumped = [group.model_dump() for group in sheet_of("ada").quirks]
        assert dumped == quirks

    def test_the_page_has_no_control_without_a_label_or_id_twice(self, curator):
        ada = make_character(aliases=["A"], evolution_stages=[{"milestone": 50}])

        page = controls(curator.get(address(ada)).content.decode())

        assert len(page.ids) == len(set(page.ids))
        unlabelled = [
            name
            for name, attrs in page.attrs_of.items()
            if attrs.get("type") not in {"hidden", "submit", "radio", "checkbox"}
            and attrs.get("id") not in page.labelled
            and not attrs.get("aria-label")
            and not attrs.get("aria-labelledby")
        ]
        assert unlabelled == []


class TestErrors:
    def test_a_number_out_of_range_is_told_and_the_rest_is_kept(self, curator):
        ada = make_character()
        data = fill(curator, address(ada), model__temperature="9", scenario="A pier.")

        response = curator.post(address(ada), data)

        assert response.status_code == 422
        text = response.content.decode()
        assert "between 0 and 2" in text
        assert "A pier." in text
        assert 'href="#field-model"' in text
        assert sheet_of("ada").scenario == ""

    def test_a_rule_of_the_whole_sheet_is_told_beside_its_field(self, curator):
        ada = make_character()
        data = fill(curator, address(ada))
        stages = [{"milestone": 50}, {"milestone": 50}]
        data["evolution_stages__as_json"] = "1"
        data["evolution_stages__json"] = json.dumps(stages)

        response = curator.post(address(ada), data)

        errors = response.context["form"].errors
        assert list(errors) == ["evolution_stages"]
        assert "its own number" in str(errors["evolution_stages"])

    def test_a_framework_archived_meanwhile_is_told_beside_it(self, curator):
        make_framework("caring")
        ada = make_character()
        data = fill(curator, address(ada), framework_id="caring")
        drafts.archive_framework(
            framework_id="caring", is_archived=True, actor=None, now=NOW
        )

        response = curator.post(address(ada), data)

        assert "framework_id" in response.context["form"].errors

    @pytest.mark.parametrize("revision", ["", "x", "-3", "9" * 30])
    def test_a_broken_revision_is_refused(self, curator, revision):
        ada = make_character()
        data = fill(curator, address(ada), scenario="A pier.", revision=revision)

        response = curator.post(address(ada), data)

        assert response.status_code in {412, 422}
        assert sheet_of("ada").scenario == ""

    @pytest.mark.parametrize("marks", ["", "[]", "{", "[" * 5_000, '{"scenario": 1}'])
    def test_broken_marks_do_no_harm(self, curator, marks):
        ada = make_character()
        data = fill(curator, address(ada), scenario="Mine.", started_from=marks)
        edit("ada", scenario="Theirs.")

        response = curator.post(address(ada), data)

        assert response.status_code == 412
        assert response.context["conflicts"][0].reason == "Both of you changed this."


def sent_again(response):
    """What a browser sends of the page that came back."""
    return dict(submitted(response.content.decode()).lists())


def edit(character_id, **changes):
    character = Character.objects.for_sheets().get(character_id=character_id)
    values = character.to_sheet().model_dump(mode="json") | changes
    drafts.save_character(
        character_id=character_id,
        sheet=CharacterSheet.model_validate(values),
        revision=character.revision,
        actor=None,
        now=NOW,
    )


class TestConflicts:
    def _conflict(self, curator, **mine):
        """Ana has the form open while somebody else changes two fields."""
        ada = make_character(scenario="Old pier.", description="Old words.")
        data = fill(curator, address(ada), **mine)
        edit("ada", scenario="Their pier.", tags=["theirs"])
        return ada, curator.post(address(ada), data)

    def test_a_stale_save_keeps_everything_and_shows_both_texts(self, curator):
        _, response = self._conflict(
            curator, scenario="My pier.", description="My words."
        )

        assert response.status_code == 412
        text = response.content.decode()
        for words in ("My pier.", "Their pier.", "My words."):
            assert words in text
        told = {c.name: (c.reason, c.choice) for c in response.context["conflicts"]}
        assert told == {
            "scenario": ("Both of you changed this.", "mine"),
            "description": ("Only you changed this.", "mine"),
            "tags": ("Only they changed this.", "theirs"),
        }
        assert sheet_of("ada").scenario == "Their pier."

    def test_saving_again_takes_what_was_chosen(self, curator):
        ada, response = self._conflict(
            curator, scenario="My pier.", description="My words."
        )
        again = sent_again(response)

        final = curator.post(address(ada), again)

        assert final.status_code == 302
        sheet = sheet_of("ada")
        assert sheet.scenario == "My pier."
        assert sheet.description == "My words."
        assert sheet.tags == ["theirs"]

    def test_theirs_can_be_taken_even_over_text_that_is_wrong(self, curator):
        ada, response = self._conflict(curator, scenario="My pier.")
        again = sent_again(response)
        again["take-scenario"] = "theirs"
        again["scenario"] = "\x00"

        assert curator.post(address(ada), again).status_code == 302
        assert sheet_of("ada").scenario == "Their pier."

    def test_a_wrong_field_keeps_the_choices_open(self, curator):
        ada, response = self._conflict(curator, scenario="My pier.")
        again = sent_again(response)
        again["take-scenario"] = "theirs"
        again["model.temperature"] = "warm"

        response = curator.post(address(ada), again)

        assert response.status_code == 422
        chosen = {c.name: c.choice for c in response.context["conflicts"]}
        assert chosen["scenario"] == "theirs"

    def test_a_second_edit_meanwhile_is_a_conflict_again(self, curator):
        ada, response = self._conflict(curator, scenario="My pier.")
        again = sent_again(response)
        edit("ada", scenario="Their second pier.")

        response = curator.post(address(ada), again)

        assert response.status_code == 412
        assert "Their second pier." in response.content.decode()
        assert "My pier." in response.content.decode()

    def test_unreadable_controls_stand_in_no_conflict(self, curator):
        ada = make_character()
        data = fill(curator, address(ada), scenario="My pier.")
        edit("ada", scenario="Their pier.")
        data["revision"] = "1"
        response = curator.post(address(ada), data)
        again = sent_again(response)
        again["routing_weight"] = "heavy"

        response = curator.post(address(ada), again)

        names = [conflict.name for conflict in response.context["conflicts"]]
        assert names == ["scenario"]

    def test_choices_for_unknown_fields_are_passed_over(self, curator):
        ada = make_character()
        data = fill(curator, address(ada), scenario="A pier.")
        data["take-nonsense"] = "theirs"

        assert curator.post(address(ada), data).status_code == 302
        assert sheet_of("ada").scenario == "A pier."

    def test_frameworks_too(self, curator):
        framework = make_framework(purpose="Old.")
        data = fill(curator, address(framework), purpose="Mine.")
        drafts.save_framework(
            framework_id="neuro",
            sheet=FrameworkSheet(name="Neuro", purpose="Theirs."),
            revision=1,
            actor=None,
            now=NOW,
        )

        response = curator.post(address(framework), data)

        assert response.status_code == 412
        [conflict] = response.context["conflicts"]
        assert (conflict.mine, conflict.theirs) == ("Mine.", "Theirs.")


class TestPictures:
    def _upload(self, content, name="it.png"):
        return SimpleUploadedFile(name, content, content_type="image/png")

    def test_a_picture_is_stored_and_shown(self, curator):
        ada = make_character()
        data = fill(curator, address(ada))
        data["avatar-file"] = self._upload(png())

        curator.post(address(ada), data)

        picture = Picture.objects.get()
        assert sheet_of("ada").avatar == picture.digest
        assert (
            f"/pictures/{picture.digest}.png"
            in curator.get(address(ada)).content.decode()
        )

    def test_it_is_removed_by_its_box(self, curator):
        digest = pictures.store(png(), now=NOW).digest
        ada = make_character(avatar=digest)

        curator.post(
            address(ada), fill(curator, address(ada), **{"avatar-remove": "1"})
        )

        assert sheet_of("ada").avatar == ""

    def test_what_is_no_picture_is_told_beside_it(self, curator):
        ada = make_character()
        data = fill(curator, address(ada), scenario="A pier.")
        data["avatar-file"] = self._upload(b"GIF89a nonsense")

        response = curator.post(address(ada), data)

        assert response.status_code == 422
        assert "avatar" in response.context["form"].errors
        assert "A pier." in response.content.decode()

    def test_a_form_that_comes_back_keeps_the_new_picture(self, curator):
        ada = make_character()
        data = fill(curator, address(ada), model__temperature="warm")
        data["avatar-file"] = self._upload(png("blue"))

        response = curator.post(address(ada), data)

        again = sent_again(response)
        assert again["avatar"] == [Picture.objects.get().digest]

    @pytest.mark.parametrize("digest", ["x", "a" * 64, "../../etc", "A" * 64])
    def test_a_picture_that_is_not_there_is_refused(self, curator, digest):
        ada = make_character()

        response = curator.post(
            address(ada), fill(curator, address(ada), avatar=digest)
        )

        assert response.status_code == 422
        assert "avatar" in response.context["form"].errors


class TestRights:
    @pytest.mark.parametrize("kind", ["character", "framework"])
    def test_a_viewer_reads_and_is_told_why(self, kind):
        make_character(evolution_stages=[{"milestone": 50}])
        client = client_as(Role.VIEWER)
        model = Character if kind == "character" else Framework

        response = client.get(address(model.objects.get()))

        assert response.status_code == 200
        text = response.content.decode()
        assert "Curators edit" in text
        assert 'name="_save"' not in text
        controls_of = controls(text).attrs_of
        assert "disabled" in controls_of["description"]

    def test_a_viewer_saves_nothing(self, curator):
        ada = make_character()
        data = fill(curator, address(ada), scenario="A pier.")

        response = client_as(Role.VIEWER).post(address(ada), data)

        assert response.status_code == 403
        assert sheet_of("ada").scenario == ""

    def test_who_has_no_role_is_refused(self):
        ada = make_character()

        response = client_as(None).get(address(ada))

        assert response.status_code in {302, 403}

    def test_an_archived_draft_is_read_only(self, curator):
        ada = make_character()
        data = fill(curator, address(ada), scenario="A pier.")
        drafts.archive_character(
            character_id="ada", is_archived=True, actor=None, now=NOW
        )

        assert "Restore it before" in curator.get(address(ada)).content.decode()
        response = curator.post(address(ada), data)
        assert response.status_code == 422
        assert sheet_of("ada").scenario == ""


@pytest.mark.parametrize(
    ("button", "role", "where"),
    [
        ("_save", Role.CURATOR, "/characters/ada/edit/"),
        ("_publish", Role.MANAGER, "/publish/?ids=ada"),
    ],
)
def test_where_saving_leads(button, role, where):
    ada = make_character()
    client = client_as(role)

    response = client.post(address(ada), fill(client, address(ada), **{button: "1"}))

    assert response.url == where


def test_frameworks_offered_are_those_in_use_and_the_own(curator):
    make_framework("old")
    make_framework("caring")
    make_framework("gone")
    ada = make_character(framework_id="old")
    for framework_id in ("old", "gone"):
        Framework.objects.filter(framework_id=framework_id).update(archived_at=NOW)

    form = curator.get(address(ada)).context["form"]

    offered = [key for key, _ in form.fields["framework_id"].choices]
    assert offered == ["caring", "old"]


class TestBlendingRows:
    """They name frameworks and kinds by words; what is stored stays the ids."""

    WEIGHTS = (
        {"context": "casual", "framework_id": "caring", "weight": 2.0},
        {"context": "lost-kind", "framework_id": "gone", "weight": 1.0},
    )

    @pytest.fixture
    def ada(self):
        make_framework("caring", name="Warm Heart")
        make_framework("put-away", name="Put Away")
        Framework.objects.filter(framework_id="put-away").update(archived_at=NOW)
        return make_character(
            framework_blending={"enabled": True, "weights": list(self.WEIGHTS)}
        )

    def options(self, client, ada, name):
        text = client.get(address(ada)).content.decode()
        select = re.search(
            rf'<select\s+name="framework_blending.weights.{name}".*?</select>',
            text,
            re.DOTALL,
        )
        assert select
        return dict(
            re.findall(r'<option value="([^"]*)"[^>]*>([^<]*)<', select.group())
        ), re.findall(r'<option value="([^"]*)"[^>]* selected', select.group())

    def test_frameworks_are_chosen_by_name(self, curator, ada):
        offered, chosen = self.options(curator, ada, "0.framework_id")

        assert offered["caring"] == "Warm Heart"
        assert offered["put-away"] == "Put Away (archived)"
        assert chosen == ["caring"]

    def test_kinds_are_chosen_by_name(self, curator, ada):
        offered, chosen = self.options(curator, ada, "0.context")

        assert offered == {c.context: c.name for c in policy.contexts()}
        assert chosen == ["casual"]

    def test_what_is_known_no_more_stays_chosen(self, curator, ada):
        for name, kept in (("context", "lost-kind"), ("framework_id", "gone")):
            offered, chosen = self.options(curator, ada, f"1.{name}")
            assert offered[kept] == kept
            assert chosen == [kept]

    def test_a_new_row_begins_with_a_choice_to_make(self, curator, ada):
        offered, chosen = self.options(curator, ada, "2.framework_id")

        assert next(iter(offered.items())) == ("", "Choose one")
        assert chosen == [""]

    def test_saving_untouched_changes_nothing(self, curator, ada):
        response = curator.post(address(ada), fill(curator, address(ada)))

        assert response.status_code == 302
        weights = sheet_of("ada").framework_blending.weights
        assert tuple(w.model_dump() for w in weights) == self.WEIGHTS

    def test_another_choice_is_saved_as_its_id(self, curator, ada):
        changes = {"framework_blending__weights__2__framework_id": "neuro"}
        changes["framework_blending__weights__2__context"] = "creative"
        changes["framework_blending__weights__2__weight"] = "3"

        curator.post(address(ada), fill(curator, address(ada), **changes))

        new = sheet_of("ada").framework_blending.weights[-1]
        assert (new.context, new.framework_id, new.weight) == ("creative", "neuro", 3)


def test_the_framework_form_says_who_uses_it_and_what_the_template_names(curator):
    framework = make_framework(prompt_template="{identity} {nonsense}")
    make_character("ada")

    text = curator.get(address(framework)).content.decode()

    assert reverse("personas:character-detail", args=["ada"]) in text
    assert "nothing is called “nonsense”" in text
    assert "<code>behavior</code>" in text


class TestPage:
    def test_it_is_found_at_every_edit_link(self, curator):
        ada = make_character()
        pages = [
            reverse("personas:character-detail", args=["ada"]),
            reverse("personas:character-draft", args=["ada"]),
            reverse("personas:framework-detail", args=["neuro"]),
        ]

        for url, target in zip(
            pages, [address(ada), address(ada), address(ada.framework)], strict=True
        ):
            assert f'href="{target}"' in curator.get(url).content.decode()

    @pytest.mark.parametrize("kind", ["characters/nobody", "frameworks/nothing"])
    def test_nobody_by_that_id(self, curator, kind):
        for method in (curator.get, curator.post):
            assert method(f"/{kind}/edit/").status_code == 404

    def test_sections_hold_all_fields_once(self, curator):
        ada = make_character()

        sections = curator.get(address(ada)).context["sections"]

        names = [field.name for section in sections for field in section.fields]
        assert sorted(names) == sorted(CharacterSheet.model_fields)
        assert len({section.slug for section in sections}) == len(sections)

    def test_every_field_says_in_words_what_it_is_for(self):
        for form_class in (CharacterForm, FrameworkForm):
            form = form_class(current=None)
            silent = [
                name
                for name in form.sheet_names
                if not form.fields[name].help_text and name != "avatar"
            ]
            assert silent == []

    def test_a_section_with_an_error_is_marked(self, curator):
        ada = make_character()
        data = fill(curator, address(ada), model__temperature="9")

        response = curator.post(address(ada), data)

        wrong = [s.slug for s in response.context["sections"] if s.has_errors]
        assert wrong == ["model"]

    def test_characters_have_six_panes_and_frameworks_no_test(self, curator):
        ada = make_character()

        def panes(obj):
            return [p.name for p in curator.get(address(obj)).context["panes"]]

        assert panes(ada) == [
            "preview",
            "budget",
            "diff",
            "growth",
            "test",
            "history",
        ]
        assert panes(ada.framework) == ["preview", "budget", "diff", "history"]

    @pytest.mark.parametrize(
        ("published", "archived", "badge"),
        [(False, False, "Draft"), (True, False, "As live"), (True, True, "Archived")],
    )
    def test_the_head_says_how_the_draft_stands(
        self, curator, published, archived, badge
    ):
        ada = make_character()
        if published:
            publishing.publish(character_ids=["ada"], note="Out", author=None, now=NOW)
        if archived:
            drafts.archive_character(
                character_id="ada", is_archived=True, actor=None, now=NOW
            )

        text = curator.get(address(ada)).content.decode()

        start = text.index('class="editor-head"')
        head = text[start : text.index("</header>", start)]
        assert re.search(rf'class="badge[^>]*(?<!hidden)>{badge}<', head)

    def test_the_way_to_the_mixer_stands_beside_blending(self, curator):
        ada = make_character()

        text = curator.get(address(ada)).content.decode()

        assert reverse("personas:character-mixer", args=["ada"]) in text

    def test_a_framework_says_whom_publishing_changes(self, curator):
        framework = make_framework()

        text = curator.get(address(framework)).content.decode()

        assert reverse("personas:framework-publish", args=["neuro"]) in text

    @pytest.mark.parametrize(
        ("role", "may_publish"), [(Role.CURATOR, False), (Role.MANAGER, True)]
    )
    def test_only_who_may_publish_is_offered_it(self, role, may_publish):
        ada = make_character()

        text = client_as(role).get(address(ada)).content.decode()

        assert ('name="_publish"' in text) == may_publish

    def test_the_query_count_does_not_grow_with_the_sheet(
        self, curator, django_assert_max_num_queries
    ):
        make_character("one")
        many = make_character(
            "many",
            aliases=[f"name {n}" for n in range(40)],
            evolution_stages=[{"milestone": n} for n in range(1, 41)],
        )
        curator.get(address(Character.objects.get(character_id="one")))

        with django_assert_max_num_queries(20):
            curator.get(address(many))

    def test_the_framework_page_does_not_ask_for_each_user(
        self, curator, django_assert_max_num_queries
    ):
        framework = make_framework()
        for number in range(12):
            make_character(f"c{number}")
        curator.get(address(framework))

        with django_assert_max_num_queries(20):
            curator.get(address(framework))

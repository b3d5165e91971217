"""English words that people write all day without meaning anybody or any topic."""

from typing import Final

EVERYDAY: Final = frozenset(
    """
    a about above ace actually after again ago ah all almost alone already also always
    am amber an and angel another any anybody anyone anything anyway are around art as
    ash ask at autumn away back bad basically be bear because bed been before behind
    being best better big bill bit black blue book both boy bring brother but by
    bye call came can car care case cat chance change charity check chess child city
    clay close cold come cool could crow dad dark dawn day days dear did do does dog
    doing done door down drew early easy eat else end enough even ever every everybody
    everyone everything eye face fact fair faith fall family far fast father feel few
    find fine fire first five food for fox found four frank free friend friends from
    full fun funny game gave get getting girl give glad go god goes going gold gone
    good got grace great green grey guess guy guys had half hand happy hard has have he
    head hear heart hello help her here hers hey hi high him his hold home honey
    hope hour house how hunter i idea if ill in into iris is it its ivy jade jay
    job joy just keep kid kind king knew know lady lark last late later laugh lead least
    leave left less let life light like lily line list little live lol long look lord
    lot love luck lucky lunch mad made make man many mark mars max may maybe me mean
    mercy mess might mind mine miss mom money month moon more morning most
    mother move movie much mum music must my name near need never new news next nice
    night no nobody none nope not nothing now number of off often oh ok okay old olive
    on once one only open or other our out over own page pain part party pat pearl
    people person phone place play please point probably question quick quite rain
    rather ray read real really red rest rich right rob robin rock room rose ruby run
    sad safe sage said same sandy say scarlet school sea see seem seen she should show
    shut side since sister sit skip sleep so some somebody someone something soon sorry
    sound sport stay still stone stop storm story stuff such summer sun sunny sure sweet
    take talk tell ten thank thanks that the their them then there these they thing
    things think this those though thought three through time to today together told
    tomorrow tonight too top totally true try turn two uh under until up us use used
    usually very violet wait walk want was watch water way we week weird welcome well
    went were what when where which while white who whole whose why wife will winter
    wish with without woman word work world worry would wow write wrong yeah year years
    yep yes yesterday yet you young your yours
    """.split()  # noqa: SIM905  # Nobody could read or keep in order a list of these.
)

TOPICS: Final = frozenset(
    """
    angel art autumn bear book car cat charity chess child city clay dawn day dog drew
    faith family fire food fox friend friends game girl gold green home honey
    hunter iris ivy job lark light lily love luck lunch mars mercy mind money moon
    morning mother movie music night number olive pain party pearl person phone rain
    rock rose ruby sage school sea sleep sound sport stone storm story summer sun
    water week winter work world
    """.split()  # noqa: SIM905
)
"""Those of them that people do write because they mean them: fine as topics, and yet
no names."""

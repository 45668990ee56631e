"""Given names that are frequent in some country, in small letters without accents: data alone.

One or two in a column mean nothing, many do.
"""

from __future__ import annotations

GIVEN_NAMES = frozenset(
    """
    aarav aaron abdullah abigail adam adrian agnieszka ahmed ahmet aisha akira alain alan alba albert
    alberto aldo alejandro aleksandra alessandro alessia alessio alexander alexandru alexei alfie ali alice
    alvaro amanda amber amelia amit amy ana ananya anastasia anders andre andrea andreas andrei andres
    andrew andrzej angel angela angeles angelo anja anjali anke ann anna anne anneli anouk anthony antje
    antoine anton antonella antonia antonio antti archie arjun arthur ashley astrid aurelie austin ava ayse
    barbara beata beatrice beatriz ben benjamin bernard bernd betty billy birgit birgitta bjorn bram brandon
    brenda brian brigitte bruce bruno bryan burak camila camille carl carlo carlos carmen carol carolyn
    catarina caterina catherine celine charles charlie charlotte cheryl chiara chloe christian christina
    christine christophe christopher clara claude claudia cornelis cristian cristina cynthia daan daniel
    daniela danielle danuta dariusz david davide deborah debra deepak denise dennis diane diego dieter dirk
    dmitri dolores domenico donald donna dorota duarte dylan ebba edward ekaterina elena elias elif elin
    elisa elizabeth ella elodie elsa elzbieta emil emilia emilie emily emine emma emre enrique eric erik
    erika ethan eva evelyn ewa fabio fang fatima fatma federica felipe felix femke fernanda fernando finn
    fleur florence florian frances francesca francesco francisca francisco franco francois francoise frank
    franziska freddie fredrik freya frieda gabriel gabriela gabriele gary genevieve george gerald gerhard
    gheorghe giorgio giovanna giovanni gisela giulia giuseppe giuseppina gloria goncalo gonzalo grace
    gregory greta grzegorz guadalupe guillaume gunter gustaf gustavo hakan hana hanna hannah hans harold
    harry haruto hasan hassan hatice heather heike heinz helen helena helene helga helmut hendrik henri
    henrik henry hiroshi horst hugo huseyin hussein ibrahim ida ignacio ilaria ines ingrid ioana ion irina
    isabel isabella isabelle isla ismail ivan izabela jack jacob jacqueline jacques jadwiga jaime jakob
    jakub james jan jana janet janice jaroslav jason javier jean jeanne jeffrey jennifer jeremy jeroen jerry
    jerzy jesse jessica jesus jing jiri jiwoo joan joana joanna joao joaquin joe johan johanna johannes john
    jonas jonathan jordan jorg jorge jose josef josefa joseph joshua joyce juan judith judy juha jukka jules
    julia juliana julie julien juliette jurgen justin justyna kamil karen kari karin karl karolina katarzyna
    katerina katharina katherine kathleen kathrin kathryn katrin kees keith kelly kenji kenneth kevin
    khadija khalid kimberly kjell klara klaus knut kristina krystyna krzysztof kyle larissa larry lars laura
    lauren laurent lawrence layla lea lena lenka leo leon leonie leonor li lily lina linda linnea lisa logan
    lorenzo lotte louis luc luca lucas lucia luciano lucie ludovica luigi luis lukas lukasz maaike maarten
    maciej madison magdalena magnus maja malgorzata manfred manon manuel marcel marcin marco marek margaret
    margarida margaux maria mariana marie marieke marilyn mario mariusz mark markus marta martha martin
    martina martine mary maryam mateusz mathieu matilde matteo matthew matthias matti maximilian megan
    mehmet melissa mercedes meryem mette mia michael michal michel michele michelle miguel mihaela mihai
    mikael mikhail mikko ming minjun miroslav mohamed mohammed monika monique moritz muhammad murat mustafa
    nancy natalia nathalie nathan nicholas nico nicolas nicole nils noah nuno nuria ola olga oliver olivia
    olivier olof omar oscar osman pablo pamela paola paolo patricia patrick paul paula paulina pavel pawel
    pedro pekka per peter petra philippe pierre piet pieter pietro pilar piotr pooja poppy priya rachel
    rafael rafal rahul rainer raj ralf ramon raphael raquel raul ravi raymond rebecca renate rene riccardo
    richard robert roberta roberto rocio rodrigo roger ronald rosa rui ruth ryan sabine saga sakura
    salvatore samantha samuel sander sandra sandrine sanjay sanne sara sarah scott sean sebastian sebastien
    sem seoyeon serena sergei sergio sharon shirley silke silvia simona simone sofia sophia sophie stefan
    stefano stephanie stephen steven sunita susan susanne sven svetlana sylvie takashi tatiana teresa terry
    therese thiago thibault thijs thomas tiago tim timo timothy tobias tomas tomasz tyler ulrike ursula uwe
    vaclav valentina valerie veronika veronique vicente victoria vijay vincenzo virginia vladimir walter wei
    werner willem william willie wojciech wolfgang wouter xiao yan youssef yuki yulia yusuf yves zachary
    zbigniew zdenek zeynep zofia александр алексеи анастасия андреи анна владимир дмитрии екатерина елена
    иван ирина мария михаил наталья николаи ольга светлана сергеи татьяна юлия
    """.split()  # noqa: SIM905  easier to read and to edit than a list
)

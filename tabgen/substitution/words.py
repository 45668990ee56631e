"""Words of column names, in several languages, by what they say of a column: data alone."""

from __future__ import annotations

LOCALES = {
    "en": "en_US", "de": "de_DE", "fr": "fr_FR", "es": "es_ES", "it": "it_IT", "pt": "pt_PT",
    "nl": "nl_NL", "pl": "pl_PL", "sv": "sv_SE", "da": "da_DK", "no": "no_NO", "fi": "fi_FI",
    "cs": "cs_CZ", "tr": "tr_TR", "ru": "ru_RU", "ja": "ja_JP", "zh": "zh_CN", "ko": "ko_KR",
}  # fmt: skip
# what a column is called, by what it holds: phrases by language, which may be part of the name
NAMES = {
    "given_name": """
        en: first name, given name, forename, christian name, middle name, fname, nickname; de: vorname,
        rufname; fr: prenom; es: primer nombre, nombre de pila, segundo nombre; it: nome di battesimo; pt:
        primeiro nome, nome proprio; nl: voornaam, roepnaam; pl: imie, imiona; sv: fornamn; da: fornavn; fi:
        etunimi; cs: jmeno; ru: имя, отчество; ja: 名前; zh: 名字;
        no: fornavn; hu: keresztnev, utonev; ro: prenume; el: ονομα; he: שם פרטי; ar: الاسم الاول
    """,
    "surname": """
        en: surname, last name, family name, maiden name, lname, birth name; de: nachname, familienname,
        zuname, geburtsname, mädchenname; fr: nom de famille, nom de naissance; es: apellido, apellidos,
        primer apellido, segundo apellido; it: cognome; pt: sobrenome, apelido, ultimo nome; nl: achternaam,
        familienaam; pl: nazwisko; sv: efternamn; da: efternavn; fi: sukunimi; cs: prijmeni; tr: soyadi,
        soyad; ru: фамилия; ja: 苗字, 姓;
        no: etternavn; hu: vezeteknev; ro: nume de familie; el: επωνυμο; he: שם משפחה; ar: اسم العائلة
    """,
    "name": """
        en: full name, person name, insured person, policyholder, policy holder, father, mother,
        customer name, client name, patient name, employee name, contact name,
        user real name, cardholder, card holder, account holder, beneficiary, signatory, next of kin,
        guardian, customer, client, patient, employee, applicant, tenant, driver, doctor, physician,
        teacher, student, spouse, emergency contact, contact person, recipient, addressee, passenger, author
        name, owner name, manager, name; de: vollständiger name, kontoinhaber, ansprechpartner,
        sachbearbeiter, inhaber, empfänger, kundenname, patientenname, mitarbeitername, versicherungsnehmer,
        kunde, kundin, mitarbeiter, patientin, name; fr: nom complet, nom et prenom, nom prenom, titulaire,
        beneficiaire, destinataire, personne de contact, nom; es: nombre completo, nombre y apellidos,
        titular, beneficiario, destinatario, persona de contacto, nombre; it: nome completo, nome e cognome,
        nominativo, intestatario, beneficiario, destinatario, nome; pt: nome completo, titular,
        beneficiario, destinatario, nome; nl: volledige naam, rekeninghouder, contactpersoon, naam; pl: imie
        i nazwisko, imie nazwisko, nazwa klienta; sv: namn, fullständigt namn; da: navn; fi: nimi, koko
        nimi; cs: cele jmeno, jmeno a prijmeni; tr: ad soyad, adi soyadi, isim; ru: фио, полное имя; ja: 氏名;
        zh: 姓名; ko: 이름, 성명;
        hu: nev, teljes nev; ro: nume, nume si prenume; el: ονοματεπωνυμο; ar: الاسم; hi: नाम
    """,
    "email": """
        en: email, e mail, mail, email address, mail address; de: mailadresse, emailadresse; fr: courriel,
        adresse mail, adresse email, adresse electronique, mel; es: correo, correo electronico; it: posta
        elettronica, indirizzo email, pec; pt: correio eletronico; pl: adres email, poczta; sv: epost, e
        post; fi: sahkoposti; tr: eposta, e posta; ru: почта,
        электронная почта; ja: メールアドレス, メール; zh: 邮箱,
        电子邮件; ko: 이메일;
        hu: e-mail cim; el: ηλεκτρονικο ταχυδρομειο; ar: البريد الالكتروني
    """,
    "phone": """
        en: phone, telephone, tel, mobile, cell, cellphone, phone number, mobile number, fax, landline,
        whatsapp, msisdn; de: telefon, telefonnummer, handy, handynummer, mobilnummer, festnetz, rufnummer,
        telefax; fr: portable, gsm, numero de telephone, no tel; es: telefono, movil, celular; it: telefono,
        cellulare, recapito telefonico; pt: telefone, telemovel, celular; nl: telefoon, telefoonnummer,
        mobiel; pl: telefon, komorka, nr telefonu; sv: mobil, mobilnummer, telefonnummer; fi: puhelin,
        puhelinnumero; cs: mobil; tr: cep telefonu, gsm no; ru:
        телефон, мобильный; ja: 電話, 電話番号, 携帯; zh:
        电话, 手机, 手机号; ko: 전화, 전화번호, 휴대폰;
        hu: telefonszam; el: τηλεφωνο, κινητο; ar: الهاتف, الجوال; hi: फ़ोन
    """,
    "address": """
        en: address, addr, ship to, bill to, sold to, home address, postal address, mailing address,
        shipping address, billing address, residence; de: adresse, anschrift, wohnanschrift, lieferadresse,
        rechnungsadresse; fr: domicile, adresse postale; es: direccion, domicilio; it: indirizzo, residenza,
        domicilio; pt: endereco, morada; nl: adres, woonadres; pl: adres, adres zamieszkania; sv: adress;
        fi: osoite; cs: adresa; tr: adres; ru: адрес; ja: 住所; zh: 地址, 住址; ko: 주소;
        hu: cim, lakcim; ro: adresa; el: διευθυνση; ar: العنوان; hi: पता
    """,
    "street": """
        en: street, street address, address line, address 1, address 2, address1, address2, house number;
        de: strasse, straße, hausnummer, strasse und hausnummer; fr: rue, voie, numero de rue; es: calle;
        it: via, numero civico; pt: rua; nl: straat, straatnaam, huisnummer; pl: ulica; sv: gata,
        gatuadress; da: vej, gade; fi: katuosoite; cs: ulice; tr: sokak; ru: улица
    """,
    "national_id": """
        en: ssn, social security, social security number, national id, national insurance, national
        insurance number, nino, nhs number, nhs, tax id, taxpayer id, tin, itin, sin, social insurance
        number, aadhaar, aadhar, pan number, id card, identity number, identity card, medicare number,
        citizen id; de: sozialversicherungsnummer, svnr, sv nummer, steuer id, steuerid, steuernummer,
        steueridentifikationsnummer, ausweisnummer, personalausweis, rentenversicherungsnummer,
        krankenversichertennummer, ahv, ahv nummer; fr: nir, numero de securite sociale, numero secu,
        securite sociale, num secu, carte identite, numero fiscal; es: dni, nie, nif, curp, rfc, cedula,
        rut, nss, documento de identidad, numero de documento; it: codice fiscale, cod fiscale, cf, carta
        identita; pt: cpf, nif, numero de contribuinte, rg, cartao de cidadao; nl: bsn, burgerservicenummer,
        rijksregisternummer, sofinummer; pl: pesel, nip, dowod osobisty, nr dowodu; sv: personnummer,
        samordningsnummer; da: cpr, cpr nummer, fodselsnummer; fi: hetu, henkilotunnus; cs: rodne cislo; tr:
        tc kimlik, kimlik no, tckn; ru: инн, снилс; ja: マイナンバー; zh: 身份证, 身份证号; ko: 주민등록번호;
        no: fodselsnummer; hu: szemelyi szam, taj szam; ro: cnp; el: αφμ, αμκα; he: תעודת זהות
    """,
    "document": """
        en: passport, passport number, passport no, driver license, drivers license, driving licence,
        license number, visa number; de: reisepass, reisepassnummer, passnummer, führerschein,
        führerscheinnummer; fr: passeport, numero de passeport, permis de conduire; es: pasaporte, carnet de
        conducir, permiso de conducir; it: passaporto, patente, numero patente; pt: passaporte, carta de
        conducao, cnh; nl: paspoort, rijbewijs; pl: paszport, prawo jazdy; sv: pass nummer, korkort; tr:
        pasaport, ehliyet; ru: паспорт; ja: 旅券番号
    """,
    "card": """
        en: credit card, card number, cc number, credit card number, debit card, pan, ccnum; de:
        kreditkarte, kreditkartennummer, kartennummer; fr: carte bancaire, numero de carte, cb; es: tarjeta,
        numero de tarjeta, tarjeta de credito; it: carta di credito, numero carta; pt: cartao de credito,
        numero do cartao; nl: creditcard, kaartnummer; pl: numer karty, karta kredytowa
    """,
    "iban": """
        en: iban, bank account, account number, bank account number, acct no, acct number, routing account;
        de: kontonummer, bankverbindung, konto nr; fr: rib, compte bancaire, numero de compte; es: cuenta
        bancaria, numero de cuenta, ccc; it: conto corrente, numero conto; pt: conta bancaria, nib, numero
        de conta; nl: rekeningnummer, bankrekening; pl: numer konta, numer rachunku, rachunek; sv:
        kontonummer; ru: расчетный счет
    """,
    "username": """
        en: username, user name, login, login name, screen name, handle, twitter, instagram, facebook,
        skype, account name; de: benutzername, anmeldename, nutzername; fr: identifiant, nom d utilisateur,
        pseudo, pseudonyme; es: usuario, nombre de usuario; it: nome utente, utente; pt: nome de utilizador,
        usuario; nl: gebruikersnaam; pl: nazwa uzytkownika; sv: anvandarnamn; tr: kullanici adi; ru: логин
    """,
    "profile": """
        en: homepage, profile url, profile link, linkedin, photo url, avatar url, personal website
    """,
    "ip": """
        en: ip, ip address, ipaddress, client ip, remote addr, ipv4, ipv6; de: ip adresse; fr: adresse ip;
        es: direccion ip; it: indirizzo ip
    """,
    "device": """
        en: mac address, mac, imei, imsi, device id, advertising id, idfa, serial number, cookie, session
        id, udid, fingerprint; de: geräte id, seriennummer; fr: adresse mac, numero de serie; es: numero de
        serie; it: numero di serie
    """,
    "plate": """
        en: license plate, licence plate, plate number, number plate, registration plate, vin, vehicle id,
        chassis number; de: kennzeichen, kfz kennzeichen, fahrgestellnummer, nummernschild; fr:
        immatriculation, plaque; es: matricula, placa; it: targa; pt: matricula, placa; nl: kenteken; pl: nr
        rejestracyjny, tablica rejestracyjna; sv: regnummer
    """,
    "record": """
        en: mrn, medical record number, patient id, patient number, customer id, customer number, client id,
        client number, member id, membership number, employee id, employee number, staff id, user id, person
        id, subject id, participant id, student id, policy number, insurance number, claim number, account
        id, contact id, case number, party id, subscriber id, health plan number, guest id, donor id; de:
        kundennummer, kunden nr, kunden id, mitgliedsnummer, personalnummer, patientennummer, patienten id,
        fallnummer, versichertennummer, vertragsnummer, aktenzeichen, matrikelnummer, mitarbeiternummer,
        policennummer, versicherungsnummer; fr: numero client, id client, numero patient, matricule, numero
        adherent, numero de dossier, numero de contrat, numero de police; es: id cliente, numero de cliente,
        numero cliente, numero de empleado, historia clinica, numero de expediente, numero de poliza, num
        socio; it: codice cliente, id cliente, numero cliente, matricola, codice paziente, numero polizza,
        numero tessera; pt: id cliente, numero de cliente, numero do cliente, numero de utente, matricula
        funcional, numero da apolice; nl: klantnummer, klant id, personeelsnummer, patientnummer,
        polisnummer, lidnummer; pl: numer klienta, id klienta, numer pacjenta, numer polisy; sv: kundnummer,
        medlemsnummer; tr: musteri no; ru: номер клиента
    """,
    "birth_date": """
        en: birth date, date of birth, birthday, dob, born, birth, year of birth, birth year; de:
        geburtsdatum, geburtstag, geboren am, geb datum, geburtsjahr; fr: date de naissance, naissance, ne
        le, annee de naissance; es: fecha de nacimiento, fecha nacimiento, nacimiento; it: data di nascita,
        data nascita; pt: data de nascimento, nascimento; nl: geboortedatum; pl: data urodzenia; sv:
        fodelsedatum; da: fodselsdato; fi: syntymaaika; cs: datum narozeni; tr: dogum tarihi; ru: дата
        рождения; ja: 生年月日; zh: 出生日期; ko: 생년월일;
        no: fodselsdato; hu: szuletesi datum; ro: data nasterii; el: ημερομηνια γεννησης
    """,
    "age": """
        en: age, age years, age at; de: alter, lebensalter; es: edad; it: eta; pt: idade; nl: leeftijd; pl:
        wiek; sv: alder; ru: возраст; zh: 年龄
    """,
    "postcode": """
        en: zip, zip code, postal code, postcode, post code; de: plz, postleitzahl; fr: code postal, cp; es:
        codigo postal; it: cap, codice postale; pt: codigo postal, cep; nl: postcode; pl: kod pocztowy; sv:
        postnummer; ru: индекс; ja: 郵便番号
    """,
    "city": """
        en: city, city name, town, town name, municipality, village, birthplace, place of birth; de: ort,
        wohnort, stadt, gemeinde, geburtsort; fr: ville, commune, lieu de naissance; es: ciudad, municipio,
        localidad, poblacion; it: citta, comune, luogo di nascita; pt: cidade, localidade; nl: woonplaats,
        plaats, stad; pl: miasto, miejscowosc; sv: ort, stad; ru: город; ja: 市区町村; zh: 城市
    """,
    "place": """
        en: latitude, longitude, lat, lon, lng, gps, coordinates, geo; de: breitengrad, längengrad; fr:
        latitude; es: latitud, longitud; it: latitudine, longitudine
    """,
    "person_trait": """
        en: gender, sex, race, ethnicity, nationality, religion, marital status, occupation, job title, job,
        profession, employer, education, citizenship, disability, diagnosis; de: geschlecht,
        staatsangehörigkeit, nationalität, religion, konfession, familienstand, beruf, arbeitgeber,
        diagnose; fr: sexe, genre, nationalite, situation familiale, profession, metier, employeur; es:
        sexo, genero, nacionalidad, estado civil, profesion, ocupacion; it: sesso, genere, nazionalita,
        stato civile, professione; pt: sexo, genero, nacionalidade, estado civil, profissao; nl: geslacht,
        nationaliteit, burgerlijke staat, beroep; pl: plec, narodowosc, stan cywilny, zawod; sv: kon, yrke;
        ru: пол; zh: 性别; ja: 性別
    """,
}
# a name of one of these is no name of a person
THINGS = frozenset(
    """
    product item article file folder event brand model category group department dept team store shop branch
    company firm business organisation organization org institution school university hospital bank vendor
    supplier manufacturer merchant country region state province county district city town course class
    project task campaign channel plan device host server domain table column field variable parameter
    package module service app application drug medication species plant animal breed dish recipe movie film
    song album book title station line route airport port site building room ward tier type status currency
    colour color unit job role position skill feature test sample study protocol trial display code short
    produkt artikel firma firmen datei gruppe abteilung filiale marke land stadt orts kurs projekt waren
    gerate produit entreprise societe fichier groupe magasin marque pays projet producto articulo empresa
    archivo grupo departamento tienda marca pais proyecto prodotto articolo azienda societa gruppo reparto
    negozio marchio paese progetto produto artigo ficheiro loja projeto bedrijf bedrijfs nazwa
    """.split()  # noqa: SIM905  easier to read and to edit than a list
)
# before a word for a number these make it that of a person
PEOPLE = frozenset(
    """
    customer cust client clt patient pat pt user usr member mbr employee emp staff person people subject
    participant student stud account acct policyholder policy subscriber guest donor holder insured claimant
    contact applicant tenant worker kunde kunden mitglied mitglieds mitarbeiter personal patienten
    versicherten nutzer benutzer schuler studenten adherent salarie assure utilisateur cliente clientes
    paciente empleado socio usuario paziente dipendente utente tessera klant klanten medewerker lid klient
    klienta pacjent pracownik kund medlem full bearer
    """.split()  # noqa: SIM905  easier to read and to edit than a list
)
# words for a number or a key
NUMBERS = frozenset(
    """
    id ids no nr num number nummer numero numer nb ref reference key code kod codigo codice
    """.split()  # noqa: SIM905  easier to read and to edit than a list
)
# words for a name that may be that of anything
BARE = frozenset(
    """
    name nom nome nombre naam navn namn nimi isim manager recipient beneficiary
    """.split()  # noqa: SIM905  easier to read and to edit than a list
)
# words for free text
NOTES = frozenset(
    """
    note notes comment comments remark remarks description message feedback review text body bio about
    reason narrative bemerkung bemerkungen notiz notizen kommentar beschreibung freitext nachricht
    commentaire commentaires remarque comentario comentarios observaciones notas descripcion commento
    commenti osservazioni descrizione nota opmerking opmerkingen omschrijving uwagi opis komentarz
    anteckning kommentti
    """.split()  # noqa: SIM905  easier to read and to edit than a list
)

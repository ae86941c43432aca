using FsCheck;
using FsCheck.Fluent;
using Rnn.Data;

namespace Rnn.Tests.Data;

public sealed class TokenizerTests
{
    private static Tokenizer Of(string[] texts, TokenizerKind kind = TokenizerKind.Word, bool lowercase = true, int size = 1000, int minFrequency = 1, int ngrams = 1) =>
        Tokenizer.Train(texts, new TokenizerConfig { Kind = kind, Lowercase = lowercase, VocabularySize = size, MinFrequency = minFrequency, TokenNgrams = ngrams });

    private static int[] Ids(Tokenizer tokenizer, string text) => tokenizer.Encode(text).Ids.ToArray();

    /// <summary>The tokens of a text, told apart by training on the text alone: as many distinct ids as distinct tokens.</summary>
    [Theory]
    [InlineData("It's good, isn't it?", 6, 6)]
    [InlineData("good good good", 3, 1)]
    [InlineData("a-b", 3, 3)]
    [InlineData("영화가 정말 재미있어요!", 4, 4)]
    [InlineData("映画", 2, 2)]
    [InlineData("3.5 stars", 4, 4)]
    [InlineData("great 🎬🎬 film", 4, 3)]
    [InlineData("l’été", 1, 1)]
    [InlineData("...", 3, 1)]
    [InlineData("हिन्दी में", 2, 2)]
    [InlineData("❤\uFE0F love", 2, 2)]
    public void Words_punctuation_and_symbols_are_tokens(string text, int tokens, int distinct)
    {
        var ids = Ids(Of([text]), text);
        Assert.Equal(tokens, ids.Length);
        Assert.Equal(distinct, ids.Distinct().Count());
        Assert.DoesNotContain(Vocabulary.Unknown, ids);
    }

    [Theory]
    [InlineData("abc", 3)]
    [InlineData("가나다", 3)]
    [InlineData("🎬a🎬", 3)]
    [InlineData("a b", 3)]
    public void A_character_is_a_code_point_and_never_half_a_pair(string text, int tokens) =>
        Assert.Equal(tokens, Ids(Of([text], TokenizerKind.Char), text).Length);

    [Fact]
    public void Case_is_dropped_only_when_asked()
    {
        Assert.Equal(Ids(Of(["Good GOOD"]), "good"), Ids(Of(["Good GOOD"]), "GOOD"));
        var exact = Of(["Good GOOD"], lowercase: false);
        Assert.NotEqual(Ids(exact, "Good"), Ids(exact, "GOOD"));
        Assert.Equal([Vocabulary.Unknown], Ids(exact, "good"));
        Assert.Equal(Ids(Of(["ÉTÉ"]), "été"), Ids(Of(["été"]), "ÉTÉ"));
    }

    [Fact]
    public void Unseen_and_rare_tokens_are_unknown_and_the_most_frequent_are_kept()
    {
        var tokenizer = Of(["c b a", "b a", "a"], size: 2);
        Assert.Equal(3, tokenizer.VocabularySize);
        Assert.Equal([1, 2, Vocabulary.Unknown, Vocabulary.Unknown], Ids(tokenizer, "a b c never"));
        Assert.Equal([1, Vocabulary.Unknown], Ids(Of(["a a b"], minFrequency: 2), "a b"));
    }

    [Fact]
    public void Ngrams_follow_their_token_and_are_missing_where_not_known()
    {
        var tokenizer = Of(["not good at all", "not good", "not bad", "not bad"], ngrams: 2);
        var sequence = tokenizer.Encode("not good never not bad");
        Assert.Equal(2, sequence.Width);
        var bigrams = Enumerable.Range(0, sequence.Steps).Select(t => sequence.Ids.ToArray()[t * 2 + 1]).ToArray();
        Assert.Equal(-1, bigrams[0]);
        Assert.Equal(-1, bigrams[2]);
        Assert.Equal(-1, bigrams[3]);
        Assert.True(bigrams[1] > 0 && bigrams[4] > 0 && bigrams[1] != bigrams[4]);
        Assert.All(sequence.Ids.ToArray(), id => Assert.True(id < tokenizer.VocabularySize));
    }

    [Fact]
    public void Three_orders_of_ngrams_are_looked_up_through_their_prefixes()
    {
        var tokenizer = Of(["a b c d", "a b c d"], ngrams: 3);
        var ids = tokenizer.Encode("a b c x").Ids.ToArray();
        Assert.Equal(3, tokenizer.Width);
        Assert.True(ids[2 * 3 + 2] > 0, "a b c");
        Assert.Equal([Vocabulary.Unknown, -1, -1], ids[9..]);
        Assert.Equal(ids.Where(i => i > 0).Distinct().Count(), ids.Count(i => i > 0));
    }

    [Fact]
    public void Tokens_given_as_tokens_are_not_cut()
    {
        var tokenizer = Tokenizer.TrainOnTokens([["New York", "is"], ["New York"]], new TokenizerConfig());
        Assert.Equal([1, 2, 0], tokenizer.EncodeTokens(["new york", "IS", "New"]).Ids.ToArray());
        Assert.Throws<ArgumentException>(() => tokenizer.EncodeTokens([]));
    }

    [Theory]
    [InlineData("")]
    [InlineData(" \t\r\n")]
    [InlineData("\u3000")]
    public void A_text_without_tokens_is_refused(string text) => Assert.Throws<ArgumentException>(() => Of(["a"]).Encode(text));

    public static TheoryData<TokenizerKind, int> Kinds() => new() { { TokenizerKind.Word, 1 }, { TokenizerKind.Word, 2 }, { TokenizerKind.Word, 3 }, { TokenizerKind.Char, 1 }, { TokenizerKind.Char, 2 } };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Saved_as_json_it_encodes_any_text_as_before(TokenizerKind kind, int ngrams) =>
        Prop.ForAll(ArbMap.Default.ArbFor<NonEmptyArray<NonNull<string>>>(), texts =>
        {
            string[] all = [.. texts.Get.Select(t => t.Get + " 가 \ud83c\udfac \"q\" it's")];
            var tokenizer = Of(all, kind, ngrams: ngrams);
            var again = Tokenizer.FromJson(tokenizer.ToJson());
            return again.VocabularySize == tokenizer.VocabularySize && again.Width == tokenizer.Width
                && all.All(t => Ids(again, t).SequenceEqual(Ids(tokenizer, t)) && Ids(tokenizer, t).Where((_, i) => i % ngrams == 0).All(id => id > Vocabulary.Unknown));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Half_a_surrogate_pair_survives_saving()
    {
        var tokenizer = Of(["good \ud83c film", "bad \udfac film \ufffd"]);
        var again = Tokenizer.FromJson(tokenizer.ToJson());
        Assert.Equal(Ids(tokenizer, "good \ud83c film"), Ids(again, "good \ud83c film"));
    }

    private static Tokenizer WithAffixes(params string[] tokens) => Tokenizer.TrainOnTokens([tokens, tokens], new TokenizerConfig { SubwordFeatures = SubwordFeatures.Affix });

    [Fact]
    public void A_new_word_is_known_by_its_beginning_and_ending()
    {
        var tokenizer = WithAffixes("wonderful", "terrible");
        var (known, other) = (tokenizer.EncodeTokens(["wonderful"]).Ids.ToArray(), tokenizer.EncodeTokens(["wonderible"]).Ids.ToArray());
        Assert.Equal(tokenizer.Width, known.Length);
        Assert.Equal(Vocabulary.Unknown, other[0]);
        Assert.Contains(other.Skip(1), id => id > 0 && known.Skip(1).Contains(id));
        Assert.Contains(other.Skip(1), id => id > 0 && tokenizer.EncodeTokens(["terrible"]).Ids.ToArray().Skip(1).Contains(id));
        Assert.All(known.Concat(other), id => Assert.True(id < tokenizer.VocabularySize));
    }

    [Fact]
    public void An_affix_never_cuts_a_surrogate_pair_and_an_empty_token_has_none()
    {
        string[] tokens = ["abc🎬xy", "abc🧡xy", "xy🎬ab", "xy🧡ab", ""];
        var tokenizer = WithAffixes(tokens);
        var again = Tokenizer.FromJson(tokenizer.ToJson());
        Assert.Equal(tokenizer.EncodeTokens(tokens).Ids.ToArray(), again.EncodeTokens(tokens).Ids.ToArray());
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"Config":null,"Tokens":["a"],"Merges":[],"Ngrams":[],"Affixes":[]}""")]
    [InlineData("""{"Config":{},"Tokens":["a"],"Ngrams":[],"Affixes":[]}""")]
    [InlineData("""{"Config":{},"Tokens":["a","a"],"Merges":[],"Ngrams":[],"Affixes":[]}""")]
    [InlineData("""{"Config":{},"Tokens":["a",null],"Merges":[],"Ngrams":[],"Affixes":[]}""")]
    [InlineData("""{"Config":{"Kind":7},"Tokens":["a"],"Merges":[],"Ngrams":[],"Affixes":[]}""")]
    [InlineData("""{"Config":{"TokenNgrams":0},"Tokens":["a"],"Merges":[],"Ngrams":[],"Affixes":[]}""")]
    [InlineData("""{"Config":{"KeepSpaces":true,"TokenNgrams":2},"Tokens":["a"],"Merges":[],"Ngrams":[],"Affixes":[]}""")]
    [InlineData("""{"Config":{"Kind":2},"Tokens":["a","b","ab"],"Merges":[1],"Ngrams":[],"Affixes":[]}""")]
    [InlineData("""{"Config":{"Kind":2},"Tokens":["a","b","ab"],"Merges":[2,1],"Ngrams":[],"Affixes":[]}""")]
    [InlineData("""{"Config":{"Kind":2},"Tokens":["a","b","ab"],"Merges":[1,2,1,2],"Ngrams":[],"Affixes":[]}""")]
    [InlineData("""{"Config":{"Kind":2},"Tokens":["a","b","ab"],"Merges":[0,1],"Ngrams":[],"Affixes":[]}""")]
    [InlineData("""{"Config":{"Kind":2},"Tokens":["a","b","ab"],"Merges":[1,4],"Ngrams":[],"Affixes":[]}""")]
    public void What_is_no_tokenizer_is_refused(string json) => Assert.Throws<InvalidDataException>(() => Tokenizer.FromJson(json));

    [Fact]
    public void What_is_refused_is_refused_for_what_is_wrong_in_it() =>
        Assert.Equal(4, Tokenizer.FromJson("""{"Config":{"Kind":2},"Tokens":["a","b","ab"],"Merges":[1,2],"Ngrams":[],"Affixes":[]}""").VocabularySize);
}

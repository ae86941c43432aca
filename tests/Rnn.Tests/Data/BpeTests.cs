using System.Text.RegularExpressions;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.ML.Tokenizers;
using Rnn.Data;
using Tokenizer = Rnn.Data.Tokenizer;

namespace Rnn.Tests.Data;

public sealed class BpeTests
{
    private static readonly TokenizerConfig Exact = new() { Kind = TokenizerKind.Bpe, KeepSpaces = true, Lowercase = false, Normalization = Normalization.None };

    private static readonly string[] Corpus =
    [
        "The film isn't bad, the acting is better than the story and the story is better than the last film.",
        "영화가 정말 재미있어요! 영화는 정말 재미없어요... 배우가 정말 좋았어요.", "映画は映画、映画館で映画を見る。", "lower lowest newer newest wider widest 🎬🎬🎬 🎬🎬 hahahahaha aaaaaaa",
    ];

    /// <summary>The words of the paper (Sennrich et al. 2016, algorithm 1), a point for the end of a word; the smaller ids, those of the more frequent characters, settle ties.</summary>
    [Fact]
    public void The_papers_words_merge_into_its_parts()
    {
        var (vocabulary, merges) = BpeTraining.Train(new Dictionary<string, int> { ["low."] = 5, ["lower."] = 2, ["newest."] = 6, ["widest."] = 3 }, 21, 1);
        Assert.Equal(["est.", "low", "newest."], vocabulary.Tokens.Where(token => token is "est." or "low" or "newest." or "er"));
        Assert.Equal(["e+s", "t+.", "es+t."], merges.Take(6).Chunk(2).Select(pair => vocabulary.Tokens[pair[0] - 1] + "+" + vocabulary.Tokens[pair[1] - 1]));
    }

    [Fact]
    public void The_counts_kept_up_to_date_are_those_counted_anew() => Prop.ForAll(SampleText.Any, text =>
    {
        var words = Vocabulary.Count([TextCutting.Cut(text + text + " banana bandana ananas aaaa aaa", Exact)]);
        var (vocabulary, merges) = BpeTraining.Train(words, 60, 1);
        return merges.SequenceEqual(CountedAnew(words, vocabulary, 60));
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void The_vocabulary_is_bounded_and_rare_characters_are_unknown()
    {
        Assert.Equal(41, Tokenizer.Train(Corpus, Exact with { VocabularySize = 40 }).VocabularySize);
        var rare = Tokenizer.Train(["aab aab aab c"], Exact with { MinFrequency = 2 });
        Assert.Equal("aab \uFFFD", rare.Decode(rare.EncodeTarget("aab c")));
    }

    [Fact]
    public void Known_words_are_one_token_and_new_ones_their_parts()
    {
        var tokenizer = Tokenizer.Train(Corpus, Exact);
        Assert.Equal(["정말", " 영화", " 🎬🎬"], tokenizer.Split("정말 영화 🎬🎬"));
        Assert.Equal("lowering", string.Concat(tokenizer.Split("lowering")));
        Assert.InRange(tokenizer.Split("lowering").Count, 2, 6);
        Assert.DoesNotContain(Vocabulary.Unknown, tokenizer.Encode("lowering").Ids.ToArray());
    }

    [Fact]
    public void The_same_texts_give_the_same_tokenizer_whatever_their_order() =>
        Assert.Equal(Tokenizer.Train(Corpus, Exact).ToJson(), Tokenizer.Train(Corpus.Reverse(), Exact).ToJson());

    [Theory]
    [InlineData(40)]
    [InlineData(70)]
    [InlineData(110)]
    [InlineData(1000)]
    public void Words_are_cut_as_microsofts_tokenizer_cuts_them(int size)
    {
        var (ours, theirs) = (Tokenizer.Train(Corpus, Exact with { VocabularySize = size }), Theirs(size));
        Prop.ForAll(Gen.Elements("low", "er", "est", "영화", "재미", "있어요", "映画", "館", "🎬", "ha", "aa", "the", "st", "q").NonEmptyListOf().Select(string.Concat).ToArbitrary(), word =>
        {
            if (word.Length > TextCutting.LongestWord - 1) return true;
            var expected = TextCutting.Cut(word, Exact).SelectMany(run => theirs.EncodeToTokens(Visible(run.ToString()), out _)).Select(token => token.Id);
            return ours.Encode(word).Ids.ToArray().SequenceEqual(expected);
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Tokens_given_as_tokens_are_not_for_bpe()
    {
        Assert.Throws<ArgumentException>(() => Tokenizer.TrainOnTokens([["a"]], Exact));
        Assert.Throws<ArgumentException>(() => Tokenizer.Train(["a"], Exact).EncodeTokens(["a"]));
        Assert.Throws<ArgumentException>(() => Tokenizer.Train(["a"], Exact with { KeepSpaces = false, SubwordFeatures = SubwordFeatures.Affix }));
    }

    [Fact]
    public void Parts_of_words_may_have_ngrams()
    {
        var tokenizer = Tokenizer.Train(["not good", "not good"], Exact with { KeepSpaces = false, TokenNgrams = 2 });
        Assert.Equal(4, tokenizer.Encode("not good").Ids.Length);
        Assert.True(tokenizer.Encode("not good").Ids.Span[3] > 0);
    }

    // Their merges file parts its words at spaces.
    private static string Visible(string token) => token.Replace(' ', '▁');

    private static BpeTokenizer Theirs(int size)
    {
        var (vocabulary, merges) = BpeTraining.Train(Vocabulary.Count(Corpus.Select(text => TextCutting.Cut(text, Exact))), size, 1);
        string Token(int id) => Visible(vocabulary.Tokens[id - 1]);
        return BpeTokenizer.Create(new BpeOptions(Enumerable.Range(1, vocabulary.Size - 1).Select(id => KeyValuePair.Create(Token(id), id)).Append(KeyValuePair.Create("[unknown]", 0)))
        {
            Merges = merges.Chunk(2).Select(pair => $"{Token(pair[0])} {Token(pair[1])}"),
            UnknownToken = "[unknown]",
            PreTokenizer = new RegexPreTokenizer(new Regex(".+", RegexOptions.Singleline), null),
        });
    }

    /// <summary>The algorithm as the paper has it: count all pairs, merge the first, count again.</summary>
    private static List<int> CountedAnew(Dictionary<string, int> counted, Vocabulary vocabulary, int size)
    {
        var words = counted.Select(word => (Ids: word.Key.EnumerateRunes().Select(rune => vocabulary[rune.ToString()]).ToList(), Count: word.Value)).ToArray();
        var (merges, seen) = (new List<int>(), new HashSet<(int, int)>());
        for (int tokens = vocabulary.Tokens.Count(token => token.EnumerateRunes().Count() == 1), fresh = tokens; fresh < size;)
        {
            var best = words.SelectMany(word => word.Ids.Zip(word.Ids.Skip(1)).Select(pair => (Pair: pair, word.Count)))
                .Where(pair => pair.Pair.First > 0 && pair.Pair.Second > 0)
                .GroupBy(pair => pair.Pair).Select(group => (Pair: group.Key, Count: group.Sum(pair => pair.Count)))
                .OrderByDescending(pair => pair.Count).ThenBy(pair => pair.Pair).FirstOrDefault();
            if (best.Count < 2) break;
            int id = vocabulary[vocabulary.Tokens[best.Pair.First - 1] + vocabulary.Tokens[best.Pair.Second - 1]];
            if (seen.Add(best.Pair)) merges.AddRange([best.Pair.First, best.Pair.Second]);
            fresh = Math.Max(fresh, id);
            foreach (var (ids, _) in words)
            {
                for (int i = 0; i + 1 < ids.Count; i++)
                {
                    if (ids[i] != best.Pair.First || ids[i + 1] != best.Pair.Second) continue;
                    ids[i] = id;
                    ids.RemoveAt(i + 1);
                }
            }
        }

        return merges;
    }
}

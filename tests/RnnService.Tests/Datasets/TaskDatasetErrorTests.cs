using System.Text;
using System.Text.RegularExpressions;

namespace RnnService.Tests.Datasets;

/// <summary>Every wrong row of every task is refused with its line and what to send instead, and leaves nothing behind.</summary>
public sealed class TaskDatasetErrorTests(ServiceFixture fixture) : IClassFixture<ServiceFixture>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("{\"features\":[1],\"label\":\"x\"}\n{\"features\":[1,2],\"label\":\"y\"}\n", new long[] { 2 }, "2 features, the rows before it 1")]
    [InlineData("{\"features\":[],\"label\":\"x\"}\n{\"features\":3,\"label\":\"x\"}\n", new long[] { 1, 2 }, "at least one number")]
    [InlineData("{\"features\":[0,\"1\"],\"label\":\"x\"}\n{\"features\":[1e39],\"label\":\"x\"}\n{\"features\":[null],\"label\":\"x\"}\n", new long[] { 1, 2, 3 }, "Feature 1 is not a finite number")]
    [InlineData("{\"features\":[NaN],\"label\":\"x\"}\n", new long[] { 1 }, "not JSON")]
    [InlineData("{\"features\":[1]}\n{\"label\":\"x\"}\n", new long[] { 1, 2 }, "The label is missing; send {")]
    [InlineData("{\"features\":[1],\"lable\":\"x\"}\n{\"feature\":[1],\"label\":\"x\"}\n", new long[] { 1, 2 }, "nearest is 'features'")]
    [InlineData("{\"text\":\"a\",\"label\":\"x\"}\n", new long[] { 1 }, "'text' is not a known property")]
    [InlineData("{\"features\":[1],\"label\":\" \"}\n{\"features\":[1],\"label\":0.5}\n", new long[] { 1, 2 }, "whole number")]
    [InlineData("{\"features\":[1],\"label\":\"\\ud83d\"}\n{\"features\":[1],\"label\":\"x\",\"\\ud83d\":1}\n", new long[] { 1, 2 }, "surrogate")]
    [InlineData("{\"features\":[1],\"label\":\"x\"}\n{\"features\":[2],\"label\":\"x\"}\n", new long[] { 1 }, "All 2 rows have the label 'x'")]
    [InlineData("", new long[] { 1 }, "no rows")]
    public Task Vectors_with_a_class(string content, long[] lines, string says) => RefusedAsync("vector_classification", content, "data.jsonl", lines, says);

    [Theory]
    [InlineData("a,b,label\n1,2,x\n1,,y\n1,NaN,y\nInfinity,1e39,x\n\"1,5\",2,x\n", new long[] { 3, 4, 5, 6 }, "column 'b' holds 'NaN'")]
    [InlineData("a,b,label\n1,2,x\n1,y\n1,2,3,x\n1,2,\n", new long[] { 3, 4, 5 }, "The label is empty")]
    [InlineData("a,b\n1,2\n", new long[] { 1 }, "no column 'label'")]
    [InlineData("a;b;label\n1;2;x\n", new long[] { 1 }, "separated by ';'")]
    [InlineData("label\nx\n", new long[] { 1 }, "names no feature")]
    [InlineData(",a,label\n0,1,x\n1,2,y\n", new long[] { 1 }, "Column 1 of the header has no name")]
    [InlineData("a,a,label\n0,1,x\n", new long[] { 1 }, "'a' twice")]
    [InlineData("", new long[] { 1 }, "width,height,label")]
    [InlineData("a,label\n", new long[] { 1 }, "no rows")]
    [InlineData("a,label\n1,x\n2,x\n", new long[] { 2 }, "same label")]
    public Task Vectors_with_a_class_as_csv(string content, long[] lines, string says) => RefusedAsync("vector_classification", content, "data.csv", lines, says);

    [Theory]
    [InlineData("data.jsonl", "{\"features\":[1],\"text\":\"a\"}\n{\"features\":[1]}\n{\"features\":[1],\"text\":\" \"}\n{\"features\":[1],\"text\":[\"a\"]}\n", new long[] { 2, 3, 4 }, "The text is missing")]
    [InlineData("data.jsonl", "{\"features\":[1],\"text\":\"a\"}\n{\"text\":\"a\"}\n{\"features\":[1,2],\"text\":\"a\"}\n", new long[] { 2, 3 }, "The features are missing; send {")]
    [InlineData("data.jsonl", "{\"features\":[1],\"label\":\"a\"}\n", new long[] { 1 }, "'label' is not a known property")]
    [InlineData("data.csv", "a,text\n1,x\n1,\nx,y\n", new long[] { 3, 4 }, "column 'a' holds 'x'")]
    [InlineData("data.csv", "a,label\n1,x\n", new long[] { 1 }, "no column 'text'")]
    public Task Vectors_with_a_text(string fileName, string content, long[] lines, string says) => RefusedAsync("captioning", content, fileName, lines, says);

    [Theory]
    [InlineData("{\"tokens\":[\"a\",\"b\"],\"labels\":[\"x\",\"y\"]}\n{\"tokens\":[\"a\",\"b\"],\"labels\":[\"x\"]}\n", new long[] { 2 }, "labels has 1 and tokens 2 elements")]
    [InlineData("{\"frames\":[[1],[2]],\"labels\":[\"x\",\"y\",\"x\"]}\n", new long[] { 1 }, "labels has 3 and frames 2 elements")]
    [InlineData("{\"frames\":[[1],[2,3]],\"labels\":[\"x\",\"y\"]}\n{\"frames\":[],\"labels\":[]}\n{\"frames\":[[1e39]],\"labels\":[\"x\"]}\n", new long[] { 1, 2, 3 }, "Frame 1 has 2 numbers, frame 0 has 1")]
    [InlineData("{\"frames\":[[1]],\"labels\":[\"x\"]}\n{\"frames\":[[1,2]],\"labels\":[\"y\"]}\n", new long[] { 2 }, "those of the rows before 1")]
    [InlineData("{\"tokens\":[],\"labels\":[]}\n{\"tokens\":[1],\"labels\":[\"x\"]}\n{\"tokens\":\"a\",\"labels\":[\"x\"]}\n", new long[] { 1, 2, 3 }, "tokens has no element")]
    [InlineData("{\"tokens\":[\"a\"],\"labels\":\"x\"}\n{\"tokens\":[\"a\"],\"labels\":[null]}\n{\"tokens\":[\"a\",\"b\"],\"labels\":[\"x\",\"\"]}\n", new long[] { 1, 2, 3 }, "Label 1 must be")]
    [InlineData("{\"tokens\":[\"a\"],\"frames\":[[1]],\"labels\":[\"x\"]}\n{\"labels\":[\"x\"]}\n{\"tokens\":[\"a\"]}\n", new long[] { 1, 2, 3 }, "give one of tokens and frames")]
    [InlineData("{\"tokens\":[\"a\"],\"labels\":[\"x\"]}\n{\"frames\":[[1]],\"labels\":[\"y\"]}\n", new long[] { 2 }, "one kind of input")]
    [InlineData("{\"text\":\"a\",\"labels\":[\"x\"]}\n{\"tokens\":[\"a\"],\"label\":\"x\"}\n", new long[] { 1, 2 }, "nearest is 'labels'")]
    [InlineData("{\"tokens\":[\"\\udc00\"],\"labels\":[\"x\"]}\n", new long[] { 1 }, "surrogate")]
    [InlineData("{\"tokens\":[\"a\",\"b\"],\"labels\":[\"x\",\"x\"]}\n", new long[] { 1 }, "All 2 steps have the label 'x'")]
    public Task Steps_with_a_label(string content, long[] lines, string says) => RefusedAsync("sequence_labeling", content, "data.jsonl", lines, says);

    [Theory]
    [InlineData("data.jsonl", "{\"source\":\"a\",\"target\":\"b\"}\n{\"source\":\"a\"}\n{\"target\":\"b\"}\n{\"source\":\"\",\"target\":\"b\"}\n{\"source\":\"a\",\"target\":\"\\t\"}\n", new long[] { 2, 3, 4, 5 }, "The target is missing")]
    [InlineData("data.jsonl", "{\"source\":\"a\",\"targets\":[\"b\"]}\n", new long[] { 1 }, "nearest is 'target'")]
    [InlineData("data.jsonl", "{\"source\":\"a\",\"target\":\"b\",\"label\":\"x\"}\n{\"source\":1,\"target\":\"b\"}\n", new long[] { 1, 2 }, "source must be text")]
    [InlineData("data.csv", "source,target\na,b\n,b\na,\na\n", new long[] { 3, 4, 5 }, "The source is empty")]
    [InlineData("data.csv", "source,text\na,b\n", new long[] { 1 }, "no column 'target'")]
    [InlineData("data.tsv", "source\ttarget\tid\na\tb\t1\n", new long[] { 1 }, "unknown column 'id'; only source and target are read")]
    [InlineData("data.tsv", "source,target\na,b\n", new long[] { 1 }, "this format wants tabs")]
    [InlineData("data.csv", "source,target\n", new long[] { 1 }, "no rows")]
    public Task Texts_with_a_translation(string fileName, string content, long[] lines, string says) => RefusedAsync("translation", content, fileName, lines, says);

    [Theory]
    [InlineData("data.jsonl", "{\"text\":\"ab\"}\n{\"text\":\"\"}\n{\"text\":null}\n{}\n{\"\":\"ab\",\"text\":\"ab\"}\n{\"txt\":\"ab\"}\n", new long[] { 2, 3, 4, 5, 6 }, "The text is missing")]
    [InlineData("data.jsonl", "{\"text\":\"a\"}\n", new long[] { 1 }, "fewer than 2 characters")]
    [InlineData("data.csv", "text,label\nab,x\n", new long[] { 1 }, "only text is read")]
    [InlineData("data.csv", "text\nab\n\"c\n", new long[] { 3 }, "never closed")]
    [InlineData("data.txt", "", new long[] { 1 }, "fewer than 2 characters")]
    [InlineData("data.txt", "a", new long[] { 1 }, "fewer than 2 characters")]
    public Task Texts_to_continue(string fileName, string content, long[] lines, string says) => RefusedAsync("language_modeling", content, fileName, lines, says);

    [Fact]
    public async Task Plain_text_that_is_not_utf8_is_refused_with_its_line()
    {
        var problem = await (await fixture.Client.UploadAsync("latin", Encoding.Latin1.GetBytes("one\ntwo\ncafé au lait"), "data.txt", "language_modeling")).ProblemAsync(422, "invalid_file");
        Assert.Equal([3], problem.Lines());
    }

    [Theory]
    [InlineData("sequence_labeling", "data.csv", null, "jsonl.")]
    [InlineData("sequence_labeling", "data.tsv", null, "jsonl.")]
    [InlineData("sequence_labeling", "data.jsonl", "csv", "jsonl.")]
    [InlineData("sequence_classification", "data.txt", null, "csv, tsv, jsonl.")]
    [InlineData("vector_classification", "data.csv", "text", "csv, tsv, jsonl.")]
    [InlineData("captioning", "data.txt", null, "csv, tsv, jsonl.")]
    [InlineData("translation", "data.csv", "xml", "csv, tsv, jsonl.")]
    [InlineData("language_modeling", "data.doc", null, "csv, tsv, jsonl, text.")]
    public async Task A_format_the_task_does_not_have_is_answered_with_those_it_has(string task, string fileName, string? format, string formats)
    {
        (string, string)[] fields = [("name", "format"), ("task", task), .. format is null ? Array.Empty<(string, string)>() : [("format", format)]];
        var problem = await (await fixture.Client.SendFormAsync(new StringContent("x"), fileName, null, fields)).ProblemAsync(422, "invalid");
        Assert.Equal("/format", problem.GetProperty("errors")[0].Text("pointer"));
        Assert.Contains($"Formats of this task: {formats}", problem.Text("hint"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Limits_hold_for_every_task()
    {
        var limits = new Limits();
        var wide = string.Join(',', Enumerable.Repeat("0", limits.Features + 1));
        await RefusedAsync("captioning", $"{{\"features\":[{wide}],\"text\":\"a\"}}\n", "data.jsonl", [1], "RnnService:Limits:Features");
        var many = Enumerable.Range(0, limits.Labels + 1).Select(label => $"\"{label}\"").ToArray();
        await RefusedAsync("sequence_labeling", $"{{\"tokens\":[{string.Join(',', many)}],\"labels\":[{string.Join(',', many)}]}}\n", "data.jsonl", [1], "RnnService:Limits:Labels");
        var text = string.Concat(Enumerable.Repeat("a ", limits.StepsPerInput + 1));
        await RefusedAsync("translation", $"source,target\na,b\na,{text}\n", "data.csv", [3], "RnnService:Limits:StepsPerInput");
        var twenty = string.Concat(Enumerable.Repeat("{\"source\":\"a\"}\n", 50));
        await RefusedAsync("translation", twenty, "data.jsonl", [.. Enumerable.Range(1, 20)], "At least 20 lines");
    }

    private async Task RefusedAsync(string task, string content, string fileName, long[] lines, string says)
    {
        var name = $"refused-{Guid.NewGuid():n}";
        var problem = await (await fixture.Client.UploadAsync(name, content, fileName, task)).ProblemAsync(422, "invalid_file");
        Assert.Equal(lines, problem.Lines());
        Assert.Contains(says, Regex.Unescape(problem.ToString()), StringComparison.Ordinal);
        await (await fixture.Client.GetAsync($"/api/v1/datasets/{name}", Cancellation)).ProblemAsync(404, "not_found");
        await using var context = fixture.Service.Context();
        Assert.Empty(context.Datasets);
        Assert.Empty(context.Blobs);
    }
}
